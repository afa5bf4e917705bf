"""The network families: sizes known from the literature, shapes, and reproducible weights."""

import pytest
import torch
from torch import nn

from sdtutorial.networks.models import Network, resnet, stage_widths, vgg


def parameters(model):
    return sum(p.numel() for p in model.parameters())


# Counted by hand from the layers: convolutions k k c_in c_out, two per channel for each batch
# normalisation, and the linear layer. The rounded values are those of the literature.
@pytest.mark.parametrize(
    "network, classes, millions",
    [
        (Network("resnet", (2, 2, 2, 2), 64), 10, 11.17),
        (Network("resnet", (3, 4, 6, 3), 64, bottleneck=True), 10, 23.52),
        (Network("vgg", (1, 1, 2, 2, 2), 64), 10, 9.23),
        (Network("vgg", (2, 2, 3, 3, 3), 64), 10, 14.72),
    ],
)
def test_full_size_networks_have_the_published_numbers_of_parameters(network, classes, millions):
    with torch.device("meta"):
        model = network.build(classes)
    assert parameters(model) / 1e6 == pytest.approx(millions, abs=0.01)


def weighted_layers(model):
    """Convolutions outside the shortcuts and linear layers: what the names count."""
    return sum(
        isinstance(layer, nn.Conv2d | nn.Linear) and "shortcut" not in name
        for name, layer in model.named_modules()
    )


@pytest.mark.parametrize(
    "network, layers",
    [
        (Network("resnet", (1, 1, 1, 1), 16), 10),
        (Network("resnet", (2, 2, 2, 2), 16), 18),
        (Network("resnet", (3, 4, 6, 3), 64, bottleneck=True), 50),
        # VGG's names count three linear layers; here it has one.
        (Network("vgg", (1, 1, 2, 2, 2), 16), 11 - 2),
        (Network("vgg", (2, 2, 3, 3, 3), 16), 16 - 2),
    ],
)
def test_the_number_in_a_name_is_the_number_of_layers(network, layers):
    with torch.device("meta"):
        assert weighted_layers(network.build(10)) == layers


@pytest.mark.parametrize(
    "network",
    [
        Network("resnet", (1, 1, 1, 1), 4),
        Network("resnet", (1, 2), 4, bottleneck=True),
        Network("vgg", (1, 1, 2, 2, 2), 4),
        Network("vgg", (1, 2), 4),
    ],
)
def test_images_become_one_logit_for_each_class(network):
    model = network.build(7)
    logits = model(torch.rand(5, 3, 32, 32))
    assert logits.shape == (5, 7)
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_stages_double_their_channels_up_to_eight_times():
    assert stage_widths(16, 4) == [16, 32, 64, 128]
    assert stage_widths(64, 5) == [64, 128, 256, 512, 512]


def test_every_stage_but_the_first_halves_a_residual_network_s_image():
    model = resnet((1, 1, 1, 1), 4, 10)
    features = model[:-2](torch.rand(2, 3, 32, 32))
    assert features.shape == (2, 32, 4, 4)


def test_every_stage_halves_a_vgg_network_s_image():
    features = vgg((1, 1, 1, 1, 1), 4, 10)[:-2](torch.rand(2, 3, 32, 32))
    assert features.shape == (2, 32, 1, 1)


def test_an_identity_shortcut_passes_the_input_through():
    block = resnet((2,), 4, 10)[3]
    nn.init.zeros_(block.branch[-1][1].weight)
    x = torch.rand(2, 4, 8, 8)
    torch.testing.assert_close(block(x), x)


def test_the_random_state_alone_decides_the_weights():
    def weights(seed):
        torch.manual_seed(seed)
        model = Network("resnet", (1, 1), 4).build(3)
        return torch.cat([p.flatten() for p in model.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_an_unknown_family_is_named():
    with pytest.raises(ValueError, match="'transformer'.*'resnet' and 'vgg'"):
        Network("transformer", (1,), 4).build(3)
