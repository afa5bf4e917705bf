"""One training of one network on soft targets, the same code on a CPU and on a GPU.

What is left out is left out on purpose: test-time augmentation, weight averaging and cutout are
regularisers of their own and would be confounded with the one that is studied. Label smoothing is
one too; it is there as a rival, for single trainings.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# Images a forward pass takes when nothing is trained. It bounds the memory, not the result.
PREDICTION_BATCH = 500

# Pixels that an augmented image is moved by, at most, in either direction.
LARGEST_SHIFT = 4


class DivergedError(ArithmeticError):
    """The loss or the predictions of a training became NaN or infinite."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Every round of a chain uses the same recipe.

    Parameters
    ----------
    loss : {"cross-entropy", "l2"}
        See `soft_target_loss`.
    epochs : int
        Passes over the training images.
    weight_decay : float
        Coefficient of the optimiser's weight decay, on all parameters.
    optimizer : {"sgd", "adamw"}
        Stochastic gradients with Nesterov momentum 0.9, or AdamW.
    learning_rate : float
        Peak of the one-cycle schedule: linearly up from a 25th of it, then linearly down to almost
        zero.
    warm_up : float
        Part of all steps in which the learning rate rises.
    batch : int
        Images a step.
    augmentation : bool
        Mirror each image with probability 1/2 and move it by up to 4 pixels. The targets stay those
        of the clean image.
    label_smoothing : float
        Part of each label that is spread over all classes. It acts on labels, so on round 0 alone.
    """

    loss: str
    epochs: int
    weight_decay: float
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    warm_up: float = 0.2
    batch: int = 128
    augmentation: bool = False
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Machine:
    """On what a network is trained, as far as it can change the result.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    precision : {"float32", "bfloat16", "float16"}
        Type of the forward pass where autocast lowers it. Weights, their updates, the softmax and
        the loss are float32 in every case.
    threads : int
        CPU threads a training. Sums are taken in another order with another number of threads.
    """

    device: str
    precision: str
    threads: int = 1


def native_precision(device):
    """Choose the type that the device computes in at full speed, not what it can emulate.

    bfloat16 on GPUs of compute capability 8.0 or more and on CPUs with AVX512-BF16 or AMX; float16
    on older GPUs, which claim bfloat16 and emulate it; float32 elsewhere.

    Parameters
    ----------
    device : {"cpu", "cuda"}

    Returns
    -------
    {"float32", "bfloat16", "float16"}
    """
    if device == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability() >= (8, 0) else "float16"
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"):
        return "bfloat16"
    return "float32"


def derive_seed(*parts):
    """Derive a seed from names and numbers, so that no generator's state has to be kept.

    Parameters
    ----------
    *parts : str or int
        For instance study seed, setting, chain, round and the name of the random stream.

    Returns
    -------
    int
        The first 63 bits of the SHA-256 of the parts, written as JSON.
    """
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def soft_target_loss(log_probabilities, targets, loss):
    """Mean over the images of the distance between targets and predicted probabilities.

    With targets p and predictions q, both (Q,): "cross-entropy" is -sum_j p_j log q_j, and "l2" is
    sum_j (p_j - q_j)^2.

    Parameters
    ----------
    log_probabilities : torch.Tensor
        (n, Q), natural logarithms of q.
    targets : torch.Tensor
        (n, Q), the p.
    loss : {"cross-entropy", "l2"}

    Returns
    -------
    torch.Tensor
        A scalar.

    Raises
    ------
    ValueError
        The loss is not known.
    """
    if loss == "cross-entropy":
        return -(targets * log_probabilities).sum(1).mean()
    if loss == "l2":
        return (log_probabilities.exp() - targets).square().sum(1).mean()
    raise ValueError(f"unknown loss {loss!r}; known are 'cross-entropy' and 'l2'")


def gradient_scale(loss, classes):
    """Factor on the loss that is minimised: Q/2 for "l2", 1 for "cross-entropy".

    At uniform predictions the gradient of "l2" in the logits is 2/Q times that of "cross-entropy".
    Without the factor 100 classes would hardly start to train.
    """
    return classes / 2 if loss == "l2" else 1.0


class Images:
    """Images on the device, normalised, in the order given.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, 32, 32, 3)
    mean, deviation : ndarray, shape (3,)
        Subtracted from and divided into the pixels.
    machine : Machine
    """

    def __init__(self, pixels, mean, deviation, machine):
        normalised = (pixels.astype(np.float32) - np.float32(mean)) / np.float32(deviation)
        self.machine = machine
        self.array = torch.from_numpy(normalised).to(machine.device, DTYPES[machine.precision])

    def __len__(self):
        return len(self.array)

    def batch(self, indices):
        """Images of these indices, (n, 3, 32, 32), channels last in memory."""
        return self.array[indices].permute(0, 3, 1, 2)

    def augmented_batch(self, indices, generator):
        """The same, each mirrored with probability 1/2 and moved, the border filled with zeros."""
        count, size, side = len(indices), self.array.shape[1], LARGEST_SHIFT
        start = torch.randint(2 * side + 1, (2, count, 1), generator=generator)
        mirrored = torch.randint(2, (count, 1), generator=generator).bool()
        rows = start[0] + torch.arange(size)
        columns = start[1] + torch.arange(size)
        columns = torch.where(mirrored, columns.flip(1), columns)
        padded = functional.pad(self.array[indices], (0, 0, side, side, side, side))
        device = padded.device
        chosen = padded[
            torch.arange(count, device=device)[:, None, None],
            rows.to(device)[:, :, None],
            columns.to(device)[:, None, :],
        ]
        return chosen.permute(0, 3, 1, 2)


def channel_statistics(pixels):
    """Mean and standard deviation of each colour channel of (n, 32, 32, 3) images, each (3,)."""
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in pixels.T])
    frequencies = counts / counts.sum(1, keepdims=True)
    values = np.arange(256.0)
    mean = frequencies @ values
    deviation = np.sqrt((frequencies * (values - mean[:, None]) ** 2).sum(1))
    # A constant channel (a grey or blank data set) is only centred.
    return mean, np.where(deviation > 0, deviation, 1.0)


def _autocast(machine):
    return torch.autocast(
        machine.device,
        DTYPES[machine.precision],
        enabled=machine.precision != "float32",
    )


def _optimizer(parameters, recipe):
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=recipe.learning_rate,
            momentum=0.9,
            nesterov=True,
            weight_decay=recipe.weight_decay,
        )
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
    raise ValueError(f"unknown optimizer {recipe.optimizer!r}; known are 'sgd' and 'adamw'")


def train(network, images, targets, recipe, seeds):
    """Train a freshly initialised network on fixed soft targets and return it as of the last step.

    Every epoch goes through a new random order of the images in full batches. The images that
    remain after the last full batch wait for another epoch, so that all steps have one shape.

    Parameters
    ----------
    network : sdtutorial.networks.models.Network
    images : Images
        The n training images.
    targets : ndarray of float32, shape (n, Q)
        Row i belongs to image i.
    recipe : Recipe
    seeds : mapping of str to int
        Seeds of the streams "initialisation", "order" and "augmentation".

    Returns
    -------
    torch.nn.Module
        In training mode; `predict` switches to evaluation mode.

    Raises
    ------
    ValueError
        Targets that do not belong to the images, or fewer images than a batch.
    DivergedError
        The loss became NaN or infinite.
    """
    machine = images.machine
    if targets.ndim != 2 or len(targets) != len(images):
        raise ValueError(f"{len(images)} images need (n, Q) targets, got shape {targets.shape}")
    if len(images) < recipe.batch:
        raise ValueError(f"{len(images)} images do not fill a batch of {recipe.batch}")
    steps = len(images) // recipe.batch  # steps an epoch
    # Weights are drawn on the CPU: the same seed then means the same network on every device.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds["initialisation"])
        model = network.build(targets.shape[1])
    model = model.to(machine.device, memory_format=torch.channels_last).train()
    targets = torch.from_numpy(targets).to(machine.device)
    optimizer = _optimizer(model.parameters(), recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=steps * recipe.epochs,
        pct_start=recipe.warm_up,
        anneal_strategy="linear",
        cycle_momentum=False,
    )
    scale = gradient_scale(recipe.loss, targets.shape[1])
    # Does nothing unless the precision is float16, whose small gradients would become zero.
    scaler = torch.amp.GradScaler(machine.device, enabled=machine.precision == "float16")

    for epoch in range(recipe.epochs):
        order = torch.randperm(len(images), generator=_generator(seeds["order"], epoch))
        order = order[: steps * recipe.batch].reshape(steps, recipe.batch).to(machine.device)
        shifts = _generator(seeds["augmentation"], epoch)
        total = torch.zeros((), device=machine.device)
        for indices in order:
            if recipe.augmentation:
                batch = images.augmented_batch(indices, shifts)
            else:
                batch = images.batch(indices)
            with _autocast(machine):
                logits = model(batch)
            log_probabilities = functional.log_softmax(logits.float(), 1)
            loss = scale * soft_target_loss(log_probabilities, targets[indices], recipe.loss)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            total += loss.detach()
        # Looked at once an epoch: a GPU has to stop and wait for every look.
        if not torch.isfinite(total):
            raise DivergedError(f"the loss became {total.item()} in epoch {epoch + 1}")
    return model


def _generator(seed, epoch):
    return torch.Generator().manual_seed(derive_seed(seed, epoch))


@torch.no_grad()
def predict(model, images):
    """Predict images in evaluation mode, clean and in the order given, at temperature 1.

    Parameters
    ----------
    model : torch.nn.Module
    images : Images
        n images.

    Returns
    -------
    ndarray of float32, shape (n, Q)
        Natural logarithms of the softmax probabilities.

    Raises
    ------
    DivergedError
        A prediction is NaN or infinite.
    """
    model.eval()
    parts = []
    for start in range(0, len(images), PREDICTION_BATCH):
        with _autocast(images.machine):
            logits = model(images.batch(slice(start, start + PREDICTION_BATCH)))
        parts.append(functional.log_softmax(logits.float(), 1).cpu())
    log_probabilities = torch.cat(parts).numpy()
    if not np.isfinite(log_probabilities).all():
        raise DivergedError("a prediction became NaN or infinite")
    return log_probabilities
