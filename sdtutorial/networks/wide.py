"""Wide fully connected networks: their tangent kernels, and chains of them.

A network of width n is f(x) = b_{L} + W_L a_L with L hidden layers,

    a_0 = x / sqrt(p),   a_{l+1} = sqrt(2 / n) relu(W_l a_l + b s_l),   f = W_L a_L + b s_L,

weights W_l and biases s_l drawn from N(0, 1) and the factor b of the biases (the parametrisation of
Jacot, Gabriel and Hongler 2018). As n grows, the inner products of its gradients tend to
``sdtutorial.NTK(L, b)``, and training it by gradient descent becomes a kernel method.

What a network has learned is f - f_0, its output minus that of its initial weights w_0: the zero
function before training. Two rules end a training at a tolerance eps:

- ``"penalty"``: gradient descent on ``mean (f - f_0 - y)^2 + c |w - w_0|^2``, to a minimum, with
  the c for which the mean squared residual there is eps. For a model that is linear in its
  weights this is the constrained problem (Wide networks as kernels, ``thm-tangent-penalty``).
- ``"stop"``: gradient descent on mean (f - f_0 - y)^2 alone, until it has fallen to eps
  (``prp-tangent-flow``).

Sources: A. Jacot, F. Gabriel, C. Hongler, "Neural Tangent Kernel: Convergence and Generalization
in Neural Networks", NeurIPS 2018. J. Lee et al., "Wide Neural Networks of Any Depth Evolve as
Linear Models Under Gradient Descent", NeurIPS 2019.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import brentq
from torch import nn

from sdtutorial import _checks
from sdtutorial.kernels import NTK, gram_matrix
from sdtutorial.regression import fit

RULES = ("penalty", "stop")

# The slowest part of the way to a minimum is left to exp(-6); between penalties that are close to
# each other, to exp(-3).
_DECAY = 6
# Relative accuracy with which the penalty meets the tolerance.
_ACCURACY = 1e-3
# Of the largest step that is stable: gradient descent is then close to gradient flow.
_FLOW = 0.1
_STEPS = 200_000  # no training needs so many; one that takes more goes nowhere


class WideNetworks(nn.Module):
    """Several networks of one shape, each with random weights of its own, side by side.

    Parameters
    ----------
    depth : int
        Hidden layers L.
    width : int
        Units n of each hidden layer.
    bias : float
        The factor b of the biases.
    inputs : int
        Coordinates p of a point.
    seeds : sequence
        One seed for each network, as ``numpy.random.default_rng`` takes it.
    """

    def __init__(self, depth, width, bias, inputs, seeds):
        super().__init__()
        self.kernel = NTK(depth, bias)  # checks depth and bias
        self.width = _checks.whole_number("width", width, minimum=1)
        sizes = [inputs, *[width] * depth, 1]
        draws = [np.random.default_rng(seed) for seed in seeds]

        def normal(*shape):
            values = np.stack([draw.standard_normal(shape) for draw in draws])
            return nn.Parameter(torch.from_numpy(values))

        pairs = list(zip(sizes[1:], sizes[:-1]))
        self.weights = nn.ParameterList([normal(*pair) for pair in pairs])  # (S, out, in) each
        self.shifts = nn.ParameterList([normal(out, 1) for out, _ in pairs])  # (S, out, 1) each

    def __len__(self):
        return len(self.weights[0])

    def forward(self, x):
        """Map points (m, p) to the outputs of all networks, (S, m)."""
        return self.layers(x)[1][-1][:, 0]

    def layers(self, x):
        """What enters each layer, (S, in, m), and what it computes from it, (S, out, m)."""
        entering, computed = [x.T.expand(len(self), -1, -1) / x.shape[1] ** 0.5], []
        for weight, shift in zip(self.weights, self.shifts):
            computed.append(weight @ entering[-1] + self.kernel.bias * shift)
            entering.append((2 / self.width) ** 0.5 * torch.relu(computed[-1]))
        return entering[:-1], computed


def tangent_kernel(networks, x, t=None):
    """Return the inner products of the gradients of each network at its present weights.

    The empirical neural tangent kernel. For a network of layers it is a sum over them, each term
    the inner product of what enters the layer times that of what comes back to it.

    Parameters
    ----------
    networks : WideNetworks
    x : array_like, shape (m, p)
    t : array_like, shape (k, p), optional
        By default x.

    Returns
    -------
    ndarray, shape (S, m, k)
    """
    one = _gradients(networks, x)
    other = one if t is None else _gradients(networks, t)
    bias = networks.kernel.bias
    terms = [
        (a.mT @ b + bias**2) * (u.mT @ v) for (a, u), (b, v) in zip(one, other, strict=True)
    ]
    return sum(terms).numpy()


def _gradients(networks, x):
    """For each layer what enters it, (S, in, m), and the output's derivatives, (S, out, m)."""
    entering, computed = networks.layers(_tensor(x))
    # The outputs do not mix points, so the sum has the derivatives of all of them.
    backward = torch.autograd.grad(computed[-1].sum(), computed)
    return [(a.detach(), u) for a, u in zip(entering, backward)]


def _tensor(x):
    return torch.from_numpy(np.array(x, dtype=np.float64))


class Training:
    """Networks on their way from their initial weights: full-batch gradient descent, no momentum.

    Parameters
    ----------
    networks : WideNetworks
        Trained in place.
    x : array_like, shape (K, p)
    y : array_like, shape (S, K)
        The targets of each network.
    """

    def __init__(self, networks, x, y):
        self.networks = networks
        self.parameters = list(networks.parameters())
        self.start = [parameter.detach().clone() for parameter in self.parameters]
        self.x, self.y = _tensor(x), _tensor(y)
        with torch.no_grad():
            self.first = networks(self.x)
        self.gram = tangent_kernel(networks, x) / len(self.x)
        # The trace is at least the largest eigenvalue: what the steps have to be small against.
        self.steepest = torch.from_numpy(self.gram.trace(axis1=1, axis2=2))
        self.norm = self.y.norm(dim=1)

    def learned(self, x):
        """f - f_0 of each network at points (m, p), as (S, m)."""
        x = _tensor(x)
        with torch.no_grad():
            now = self.networks(x)
            weights = [parameter.clone() for parameter in self.parameters]
            self._set(self.start)
            before = self.networks(x)
            self._set(weights)
        return (now - before).numpy()

    def moved(self):
        """``|w - w_0|`` and the largest move of a single weight, each (S,)."""
        with torch.no_grad():
            moves = torch.cat(
                [(p - q).flatten(1) for p, q in zip(self.parameters, self.start)], dim=1
            )
        return moves.norm(dim=1).numpy(), moves.abs().amax(1).numpy()

    def to_penalty(self, tolerance):
        """Train to the minimum with the penalty c whose mean squared residual is the tolerance.

        The first guess is what the tangent kernel of the initial weights says. As a function of
        1/c, ``1/|residual|`` is nearly a straight line, known at 1/c = 0, so a few secants do the
        rest.

        Returns
        -------
        ndarray, shape (S,)
            c of each network.
        """
        wanted = (len(self.x) * tolerance) ** -0.5
        guesses = [fit(gram, y, tolerance) for gram, y in zip(self.gram, self.y.numpy())]
        c = torch.tensor([guess.multiplier for guess in guesses], dtype=torch.float64)
        before, height = torch.zeros_like(c), 1 / self.norm
        for attempt in range(50):
            reached = 1 / self._minimise(c, _DECAY if attempt == 0 else _DECAY / 2)
            open_ = (reached / wanted - 1).abs() > _ACCURACY / 2
            if not open_.any():
                return c.numpy()
            here = 1 / c
            further = here + (wanted - reached) * (here - before) / (reached - height)
            before, height = torch.where(open_, here, before), torch.where(open_, reached, height)
            c = torch.where(open_, 1 / further, c)
        raise ArithmeticError(f"no penalty leaves a mean squared residual of {tolerance:g}")

    def _minimise(self, c, decay):
        """Descend to the minimum for the penalties c; return the norms of the residuals, (S,).

        The minimum is often at a kink of some ReLU. Steps of one size would hop over it for ever,
        so they shrink, from the largest stable one to a fiftieth.
        """
        rate = 1 / (self.steepest + c)
        steps = int(2 * decay / float((rate * c).min()))
        for share in np.linspace(1, 0.02, steps):
            _, gradients = self._gradients(rate * share)
            with torch.no_grad():
                for parameter, start, gradient in zip(self.parameters, self.start, gradients):
                    parameter.lerp_(start, _column(rate * c * share)).sub_(gradient)
        with torch.no_grad():
            return (self.networks(self.x) - self.first - self.y).norm(dim=1)

    def to_tolerance(self, tolerance):
        """Descend without a penalty until the mean squared residual has fallen to the tolerance.

        Returns
        -------
        ndarray, shape (S,)
            The time of each network: steps times their size, the last one in part.
        """
        rate = _FLOW / self.steepest
        steps = torch.zeros_like(rate)
        loss, active = self.norm**2 / len(self.x), torch.ones_like(rate, dtype=bool)
        gradients = None
        for _ in range(_STEPS):
            residual, following = self._gradients(rate)
            now = (residual**2).mean(1)
            crossed = active & (now <= tolerance)
            # Go back by the part of the last step that was too much.
            beyond = torch.where(crossed, (tolerance - now) / (loss - now), 0.0)
            if crossed.any():
                self._move(gradients, beyond)
            active = active & ~crossed
            steps += torch.where(active, 1.0, -beyond)
            if not active.any():
                return (steps * rate).numpy()
            loss, gradients = now, following
            self._move(gradients, -active.double())
        raise ArithmeticError(f"the residual has not reached {tolerance:g} in {_STEPS} steps")

    def _move(self, gradients, share):
        with torch.no_grad():
            for parameter, gradient in zip(self.parameters, gradients):
                parameter.add_(_column(share) * gradient)

    def _gradients(self, rate):
        """The residuals (S, K), and a step of size `rate` against half their mean square."""
        residual = self.networks(self.x) - self.first - self.y
        half = (rate * (residual**2).mean(1)).sum() / 2
        return residual.detach(), torch.autograd.grad(half, self.parameters)

    def _set(self, weights):
        for parameter, weight in zip(self.parameters, weights):
            parameter.copy_(weight)


def _column(values):
    return values[:, None, None]


@dataclass(frozen=True, eq=False)
class WideChains:
    """Chains of S networks; T is the length of the longest.

    Attributes
    ----------
    targets : ndarray, shape (T + 1, S, K)
        y_0 ... y_T; zero after a chain's own last fit.
    curves : ndarray, shape (T, S, m)
        The fit of each round at the new points.
    parameters : ndarray, shape (T, S)
        Of each round the penalty c, or the time at which it was stopped; NaN after collapse.
    moves : ndarray, shape (T, S)
        ``|w - w_0|`` at the end of each round.
    largest_moves : ndarray, shape (T, S)
        The largest move of a single weight.
    rounds : ndarray, shape (S,)
        Rounds before collapse.
    """

    targets: np.ndarray
    curves: np.ndarray
    parameters: np.ndarray
    moves: np.ndarray
    largest_moves: np.ndarray
    rounds: np.ndarray


def distill(
    x, y, tolerance, *, width, depth=2, bias=1.0, copies=4, seed=0, rule="penalty", new=None,
    max_rounds=100,
):  # fmt: skip
    """Train chains of wide networks, each round on what the round before has learned.

    Every round of every chain starts from fresh random weights. A chain ends when its targets are
    within the tolerance of zero.

    Parameters
    ----------
    x : array_like, shape (K, p)
        Training points.
    y : array_like, shape (K,)
        Labels.
    tolerance : float
        Mean squared residual of every round.
    width, depth, bias
        Of the networks, as in `WideNetworks`.
    copies : int
        Chains S.
    seed : int
        The weights depend on the seed, the round and the number of the chain.
    rule : {"penalty", "stop"}
        How a round ends at the tolerance; see the module.
    new : array_like, shape (m, p), optional
        Points at which the fits are wanted too; by default the training points.
    max_rounds : int

    Returns
    -------
    WideChains

    Raises
    ------
    ValueError
        If the rule is not known, or the tolerance not positive.
    ArithmeticError
        If gradient descent goes nowhere.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    tolerance = _checks.positive_number("tolerance", tolerance)
    x = np.asarray(x, dtype=float)
    new = x if new is None else np.asarray(new, dtype=float)
    targets, results = [np.tile(np.asarray(y, dtype=float), (copies, 1))], []
    for t in range(max_rounds):
        chains = np.flatnonzero(np.mean(targets[-1] ** 2, axis=1) > tolerance)
        if not chains.size:
            break
        seeds = [(seed, t, chain) for chain in chains.tolist()]
        networks = WideNetworks(depth, width, bias, x.shape[1], seeds)
        training = Training(networks, x, targets[-1][chains])
        train = training.to_penalty if rule == "penalty" else training.to_tolerance
        found = [train(tolerance), *training.moved()]
        results.append([_spread(values, chains, copies, np.nan) for values in found])
        results[-1].append(_spread(training.learned(new), chains, copies, 0.0))
        targets.append(_spread(training.learned(x), chains, copies, 0.0))
    parameters, moves, largest, curves = map(np.array, zip(*results)) if results else (
        np.empty((0, copies)), np.empty((0, copies)), np.empty((0, copies)),
        np.empty((0, copies, len(new))),
    )  # fmt: skip
    rounds = np.isfinite(parameters).sum(0)
    return WideChains(np.array(targets), curves, parameters, moves, largest, rounds)


def _spread(values, chains, copies, empty):
    """Put the values of some chains into the places of all."""
    whole = np.full((copies, *values.shape[1:]), empty)
    whole[chains] = values
    return whole


@dataclass(frozen=True, eq=False)
class FlowChain:
    """The chain of gradient flow in function space, each round stopped at the tolerance.

    Attributes
    ----------
    targets : ndarray, shape (T + 1, K)
    times : ndarray, shape (T,)
    curves : ndarray, shape (T, m)
        Of each round at the new points.
    """

    targets: np.ndarray
    times: np.ndarray
    curves: np.ndarray


def flow_chain(kernel, x, y, tolerance, *, new=None):
    """Return the chain that early stopping makes of a kernel: what ``rule="stop"`` tends to.

    Gradient flow from zero on half the mean squared residual has the fit
    V^T (I - exp(-tau D)) V y at the time tau. Each round is stopped when its mean squared residual
    has fallen to the tolerance (Wide networks as kernels, ``prp-tangent-flow``).

    Parameters
    ----------
    kernel : callable
    x : array_like, shape (K,) or (K, p)
    y : array_like, shape (K,)
    tolerance : float
    new : array_like, shape (m,) or (m, p), optional
        By default x.

    Returns
    -------
    FlowChain

    Raises
    ------
    ValueError
        If the tolerance is not positive, or the flow never gets there: a part of y is in the null
        space of the Gram matrix.
    """
    tolerance = _checks.positive_number("tolerance", tolerance)
    d, vectors = np.linalg.eigh(gram_matrix(kernel, x))
    d = np.maximum(d, 0.0)
    z = vectors.T @ np.asarray(y, dtype=float)
    basis = kernel(x if new is None else new, x) @ vectors / len(d)  # (m, K), to be divided by d
    coordinates, times, curves = [z], [], []
    while np.mean(z**2) > tolerance:
        times.append(_stopping_time(d, z, tolerance))
        learned = -np.expm1(-d * times[-1])  # 1 - exp(-tau d)
        slope = np.divide(learned, d, out=np.full_like(d, times[-1]), where=d > 0)
        curves.append(basis @ (slope * z))
        z = learned * z
        coordinates.append(z)
    shape = (len(curves), len(basis))
    return FlowChain(coordinates @ vectors.T, np.array(times), np.reshape(curves, shape))


def _stopping_time(d, z, tolerance):
    def excess(logarithm):
        return np.mean((z * np.exp(-d * np.exp(logarithm))) ** 2) - tolerance

    low, high = np.log(1e-12 / d[-1]), np.log(1e16 / d[-1])
    if excess(high) > 0:
        raise ValueError(
            "gradient flow never reaches the tolerance: a part of y lies where the Gram matrix has "
            "no or hardly any eigenvalue"
        )
    return float(np.exp(brentq(excess, low, high, xtol=1e-13, rtol=1e-13)))


def inputs(x):
    """Points of [0, 1] as what enters the networks: 2 x - 1, as a column."""
    return 2 * np.asarray(x, dtype=float)[:, None] - 1


def distance(chains, reference):
    """Return how far each chain of networks is from the chain that predicts it.

    The root of the summed squared distances of the targets y_1 ... y_T from the reference's, as a
    share of the reference's own root of summed squares. Rounds that only one of them has count with
    the zero function for the other.

    Parameters
    ----------
    chains : WideChains
    reference : ndarray, shape (T + 1, K)
        Targets of a kernel chain.

    Returns
    -------
    ndarray, shape (S,)
    """
    rounds = max(len(chains.targets), len(reference))
    ours = np.zeros((rounds, *chains.targets.shape[1:]))
    theirs = np.zeros((rounds, 1, reference.shape[1]))
    ours[: len(chains.targets)] = chains.targets
    theirs[: len(reference), 0] = reference
    squares = np.sum((ours - theirs)[1:] ** 2, axis=(0, 2))
    return np.sqrt(squares / np.sum(theirs[1:] ** 2))
