"""Residual and plain convolutional networks for 32 x 32 images.

Two families, as small or as large as a study asks for:

- ResNet (He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016) with the
  stem that is usual for 32 x 32 images: one 3 x 3 convolution, no pooling.
- VGG (Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
  ICLR 2015) with batch normalisation and one linear layer in place of the three of the original,
  which were made for 224 x 224 images.
"""

from dataclasses import dataclass

from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Network:
    """Which network a study trains: its family and its size.

    Parameters
    ----------
    family : {"resnet", "vgg"}
    blocks : tuple of int
        Residual blocks in each stage, or convolutions in each stage of a VGG network.
    width : int
        Channels of the first stage. Each later stage doubles them, up to 8 times `width`.
    bottleneck : bool
        Residual blocks of three convolutions with a four times wider output, as in ResNet-50.
    """

    family: str
    blocks: tuple[int, ...]
    width: int
    bottleneck: bool = False

    def build(self, classes):
        """Build the network, freshly initialised from torch's current random state.

        Parameters
        ----------
        classes : int
            Number of outputs Q.

        Returns
        -------
        torch.nn.Module
            Maps images (n, 3, 32, 32) to logits (n, Q).

        Raises
        ------
        ValueError
            The family is not known.
        """
        if self.family == "resnet":
            return resnet(self.blocks, self.width, classes, bottleneck=self.bottleneck)
        if self.family == "vgg":
            return vgg(self.blocks, self.width, classes)
        raise ValueError(f"unknown network family {self.family!r}; known are 'resnet' and 'vgg'")


def convolution(channels_in, channels_out, size=3, stride=1):
    """Convolution that keeps the image size at stride 1, followed by batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )


class ResidualBlock(nn.Module):
    """ReLU(shortcut + residual branch); the shortcut is the identity where shapes allow it."""

    def __init__(self, channels_in, channels_out, stride, branch):
        super().__init__()
        self.branch = branch
        self.shortcut = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = convolution(channels_in, channels_out, 1, stride)

    def forward(self, x):
        return functional.relu(self.shortcut(x) + self.branch(x))


class GlobalMean(nn.Module):
    """Mean over all positions: (n, channels, height, width) -> (n, channels)."""

    def forward(self, x):
        return x.mean((2, 3))


def basic_block(channels_in, channels, stride):
    """Two 3 x 3 convolutions."""
    branch = nn.Sequential(
        convolution(channels_in, channels, 3, stride),
        nn.ReLU(),
        convolution(channels, channels),
    )
    return ResidualBlock(channels_in, channels, stride, branch)


def bottleneck_block(channels_in, channels, stride):
    """1 x 1, 3 x 3 and 1 x 1 convolutions; the last one has four times as many channels."""
    branch = nn.Sequential(
        convolution(channels_in, channels, 1),
        nn.ReLU(),
        convolution(channels, channels, 3, stride),
        nn.ReLU(),
        convolution(channels, 4 * channels, 1),
    )
    return ResidualBlock(channels_in, 4 * channels, stride, branch)


def stage_widths(width, stages):
    """Channels of each stage: doubled from stage to stage, at most 8 times the first."""
    return [width * min(2**stage, 8) for stage in range(stages)]


def resnet(blocks, width, classes, *, bottleneck=False):
    """Residual network; (1, 1, 1, 1) is ResNet-10, (2, 2, 2, 2) ResNet-18.

    Parameters
    ----------
    blocks : sequence of int
        Blocks in each stage. Every stage after the first halves the image.
    width : int
        Channels of the first stage.
    classes : int
        Number of outputs Q.
    bottleneck : bool
        Use bottleneck blocks; (3, 4, 6, 3) with width 64 is then ResNet-50.

    Returns
    -------
    torch.nn.Module
        Maps images (n, 3, 32, 32) to logits (n, Q).
    """
    block, expansion = (bottleneck_block, 4) if bottleneck else (basic_block, 1)
    layers, channels = [convolution(3, width), nn.ReLU()], width
    for stage, (count, wide) in enumerate(zip(blocks, stage_widths(width, len(blocks)))):
        for place in range(count):
            layers.append(block(channels, wide, 2 if stage > 0 and place == 0 else 1))
            channels = wide * expansion
    return nn.Sequential(*layers, GlobalMean(), nn.Linear(channels, classes))


def vgg(blocks, width, classes):
    """Plain network; (1, 1, 2, 2, 2) is VGG-11, (2, 2, 3, 3, 3) with width 64 VGG-16.

    Parameters
    ----------
    blocks : sequence of int
        3 x 3 convolutions in each stage. Every stage ends with a 2 x 2 maximum.
    width : int
        Channels of the first stage.
    classes : int
        Number of outputs Q.

    Returns
    -------
    torch.nn.Module
        Maps images (n, 3, 32, 32) to logits (n, Q).
    """
    layers, channels = [], 3
    for count, wide in zip(blocks, stage_widths(width, len(blocks))):
        for _ in range(count):
            layers += [convolution(channels, wide), nn.ReLU()]
            channels = wide
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, GlobalMean(), nn.Linear(channels, classes))
