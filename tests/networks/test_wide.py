"""Wide networks: their tangent kernels, what training learns, and chains beside the kernel's."""

import numpy as np
import pytest
import torch

import sdtutorial as sd
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.networks import wide

X = np.linspace(-0.9, 0.8, 5)[:, None]
Y = np.array([0.5, -1.0, 0.3, 1.2, -0.4])


def networks(width, copies=3, depth=2, bias=1.0, inputs=1):
    return wide.WideNetworks(depth, width, bias, inputs, [(0, copy) for copy in range(copies)])


@pytest.mark.parametrize(("depth", "bias", "inputs"), [(1, 0.0, 1), (2, 1.0, 1), (3, 0.5, 4)])
def test_the_tangent_kernel_is_made_of_the_gradients_by_all_weights(depth, bias, inputs):
    several = networks(6, 2, depth, bias, inputs)
    x = np.random.default_rng(1).standard_normal((4, inputs))
    parameters = list(several.parameters())
    for copy, values in enumerate(wide.tangent_kernel(several, x, x[:2])):
        rows = []
        for output in several(torch.from_numpy(x))[copy]:
            gradients = torch.autograd.grad(output, parameters, retain_graph=True)
            rows.append(np.concatenate([part[copy].numpy().ravel() for part in gradients]))
        np.testing.assert_allclose(values, rows @ np.transpose(rows[:2]), rtol=1e-12, atol=1e-12)


@pytest.mark.statement("thm-tangent-limit")
@pytest.mark.parametrize(("depth", "bias", "inputs"), [(1, 0.0, 3), (2, 1.0, 1)])
def test_the_tangent_kernel_tends_to_the_ntk_like_the_inverse_root_of_the_width(
    depth, bias, inputs
):
    x = np.random.default_rng(2).standard_normal((5, inputs))
    exact = NTK(depth, bias)(x, x)
    errors = []
    for width in (16, 256):
        found = wide.tangent_kernel(networks(width, 100, depth, bias, inputs), x)
        errors.append(np.sqrt(np.mean((found - exact) ** 2)))
        deviation = found.std(axis=0) / 10
        assert (np.abs(found.mean(axis=0) - exact) < 5 * deviation + 4 / width * exact.max()).all()
    assert 2.8 < errors[0] / errors[1] < 5.7  # the root of 16 is 4


@pytest.mark.statement("thm-tangent-penalty")
def test_a_model_that_is_linear_in_its_weights_solves_the_constrained_problem():
    rng = np.random.default_rng(3)
    features = rng.standard_normal((5, 40))
    gram, tolerance = features @ features.T / 5, 0.2
    fit = sd.fit(gram, Y, tolerance)
    # The minimum of the penalised loss, as least squares with one row more for each weight.
    rows = np.vstack([features / np.sqrt(5), np.sqrt(fit.multiplier) * np.eye(40)])
    aims = np.append(Y / np.sqrt(5), np.zeros(40))
    weights = np.linalg.lstsq(rows, aims, rcond=None)[0]
    np.testing.assert_allclose(features @ weights, fit.fitted, rtol=1e-9)
    assert np.mean((features @ weights - Y) ** 2) == pytest.approx(tolerance)
    # Weights that are as good or better are longer.
    for _ in range(200):
        other = weights + 0.1 * rng.standard_normal() * rng.standard_normal(40)
        residual = features @ other - Y
        excess = np.sqrt(np.mean(residual**2) / tolerance)
        if excess > 1:  # to the tolerance by the shortest way
            change = (1 / excess - 1) * residual
            other = other + features.T @ np.linalg.solve(features @ features.T, change)
        assert np.mean((features @ other - Y) ** 2) <= tolerance * (1 + 1e-9)
        assert np.linalg.norm(other) >= np.linalg.norm(weights)


@pytest.mark.statement("prp-tangent-flow")
def test_stopped_descent_on_a_model_that_is_linear_in_its_weights_is_the_flow():
    x, tolerance = X[:, 0], 0.2
    chain = wide.flow_chain(NTK(2, 1.0), x, Y, tolerance)
    features = np.linalg.cholesky(NTK(2, 1.0)(x, x))
    for t, time in enumerate(chain.times):
        steps, weights = 20_000, np.zeros(5)
        for _ in range(steps):
            residual = features @ weights - chain.targets[t]
            weights -= time / steps * features.T @ residual / 5
        np.testing.assert_allclose(features @ weights, chain.targets[t + 1], atol=1e-3)
        assert np.mean((chain.targets[t + 1] - chain.targets[t]) ** 2) == pytest.approx(tolerance)
    assert np.mean(chain.targets[-1] ** 2) <= tolerance


@pytest.mark.parametrize("rule", wide.RULES)
@pytest.mark.slow
def test_a_round_ends_at_the_tolerance_and_starts_from_the_zero_function(rule):
    training = wide.Training(networks(24), X, np.tile(Y, (3, 1)))
    assert not training.learned(X).any()
    train = training.to_penalty if rule == "penalty" else training.to_tolerance
    assert (train(0.3) > 0).all()
    residuals = np.mean((training.learned(X) - Y) ** 2, axis=1)
    np.testing.assert_allclose(residuals, 0.3, rtol=0.01)
    moves, largest = training.moved()
    assert (largest > 0).all() and (largest < moves).all()


@pytest.mark.parametrize("rule", wide.RULES)
def test_chains_of_wider_networks_are_closer_to_the_chain_that_predicts_them(rule):
    x, y = X[::2], Y[::2] - X[::2, 0]
    gram = gram_matrix(NTK(1, 1.0), x)
    reference = {
        "penalty": lambda: sd.distill(gram, y, 0.1).targets,
        "stop": lambda: wide.flow_chain(NTK(1, 1.0), x, y, 0.1).targets,
    }[rule]()
    shape = {"depth": 1, "copies": 6, "rule": rule}
    narrow, broad = (
        wide.distance(wide.distill(x, y, 0.1, width=width, **shape), reference).mean()
        for width in (8, 256)
    )
    assert broad < 0.1 and broad < narrow / 2


def test_a_chain_ends_when_its_targets_are_within_the_tolerance():
    chains = wide.distill(X, Y, 0.3, width=16, copies=2, rule="stop", new=np.zeros((3, 1)))
    assert chains.targets.shape == (chains.rounds.max() + 1, 2, 5)
    assert chains.curves.shape == (chains.rounds.max(), 2, 3)
    for copy, rounds in enumerate(chains.rounds):
        energy = np.mean(chains.targets[:, copy] ** 2, axis=1)
        assert (energy[:rounds] > 0.3).all() and energy[rounds] <= 0.3
    assert not wide.distill(X, Y, 10.0, width=4).rounds.any()


def test_the_same_seed_gives_the_same_chain_and_another_one_another():
    first, again, other = (
        wide.distill(X, Y, 0.5, width=8, copies=2, rule="stop", seed=seed).targets
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert abs(first[1] - other[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"rule": "fly"}, "rule must be one of"), ({"tolerance": -1.0}, "tolerance")],
)
def test_a_chain_that_cannot_be_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        wide.distill(X, Y, **{"tolerance": 0.1, "width": 4, **arguments})


def test_the_distance_counts_missing_rounds_as_zero():
    targets = np.ones((2, 1, 4))
    chains = wide.WideChains(targets, *[None] * 5)
    assert wide.distance(chains, np.ones((2, 4)))[0] == 0
    assert wide.distance(chains, np.ones((3, 4)))[0] == pytest.approx(np.sqrt(1 / 2))
