"""Presets: studies of a size that fits some hardware; and plans, what is to be done of one here."""

import json
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace

import torch

from sdtutorial.networks.chain import Setting
from sdtutorial.networks.models import Network
from sdtutorial.networks.training import Machine, Recipe, native_precision

# The fields of a configuration that the first records have; they are always written. A field that
# came later is left out where it has its default, so that old records and new ones of the same
# training stay one group. The default of such a field must never change.
FIRST_FIELDS = frozenset(
    "name data network recipe images held_out same_initialisation seeds_of "
    "family blocks width bottleneck "
    "loss epochs weight_decay optimizer learning_rate warm_up batch augmentation "
    "device precision threads".split()
)


class StudyError(RuntimeError):
    """A study cannot start or go on; the message says why and what to do."""


@dataclass(frozen=True)
class Preset:
    """A study of a size that fits some hardware.

    Attributes
    ----------
    name : str
    device : {"cpu", "cuda"}
    settings : tuple of Setting
        Settings of many rounds, in the order in which they are run.
    single_rounds : tuple of Setting
        Controls that need round 0 alone.
    default : tuple of str
        Names of the settings that run if none are asked for.
    chains, rounds : int
        Chains of each setting; rounds of each chain, round 0 included.
    precision : str or None
        None takes what the device computes in at full speed.
    minutes : float or None
        Time after which a run takes no more units; None means no limit.
    """

    name: str
    device: str
    settings: tuple
    single_rounds: tuple
    default: tuple
    chains: int
    rounds: int
    precision: str | None = None
    minutes: float | None = None

    def setting(self, name):
        """Return the setting of this name.

        Raises
        ------
        StudyError
            There is none.
        """
        known = {setting.name: setting for setting in self.settings + self.single_rounds}
        if name not in known:
            raise StudyError(
                f"preset {self.name} has no setting {name!r}; it has {', '.join(known)}"
            )
        return known[name]


def controls(setting, *, epochs=(), weight_decays=(), label_smoothings=()):
    """Copies of a setting with one entry of the recipe changed, on the seeds of the setting.

    Their round 0 is a control of its rounds.

    Parameters
    ----------
    setting : Setting
    epochs : sequence of int
        The whole schedule of each training within so many epochs: fewer are early stopping.
    weight_decays : sequence of float
        One training with another weight decay.
    label_smoothings : sequence of float
        One training on smoothed labels.

    Returns
    -------
    tuple of Setting
    """
    recipes = {f"epochs-{n}": replace(setting.recipe, epochs=n) for n in epochs}
    recipes |= {f"decay-{w:g}": replace(setting.recipe, weight_decay=w) for w in weight_decays}
    recipes |= {
        f"smoothing-{a:g}": replace(setting.recipe, label_smoothing=a) for a in label_smoothings
    }
    return tuple(_variant(setting, name, recipe=recipe) for name, recipe in recipes.items())


def same_initialisation(setting):
    """The control in which every round starts from the weights that round 0 started from."""
    return _variant(setting, "same-initialisation", same_initialisation=True)


def augmented(setting):
    """The contrast: images are mirrored and moved, while targets stay those of clean ones."""
    return _variant(setting, "augmented", recipe=replace(setting.recipe, augmentation=True))


def with_label_noise(setting, part):
    """The setting with a part of its training labels replaced by other classes."""
    return _variant(setting, f"noise-{part:g}", label_noise=part)


def ensemble(setting, members):
    """The rival that trains several networks and averages them; round 1 is their student."""
    return _variant(setting, f"ensemble-{members}", members=members)


def _variant(setting, name, **changes):
    """The setting with some changes, on its own seeds."""
    return replace(setting, name=f"{setting.name}-{name}", seeds_of=setting.name, **changes)


def _cifar_settings(cifar100, cifar10, resnet, vgg, images):
    """The five settings, from the recipes {loss: Recipe} for both data sets."""
    losses = ("cross-entropy", "l2")
    resnets = tuple(
        Setting(f"{name}-{loss}-resnet", name, resnet, recipes[loss], images)
        for name, recipes in (("cifar100", cifar100), ("cifar10", cifar10))
        for loss in losses
    )
    return (*resnets, Setting("cifar100-l2-vgg", "cifar100", vgg, cifar100["l2"], images))


def _presets():
    resnet10, resnet10_wide = (Network("resnet", (1, 1, 1, 1), width) for width in (16, 32))
    vgg11, vgg11_half = (Network("vgg", (1, 1, 2, 2, 2), width) for width in (16, 32))
    digits = Setting(
        "digits-cross-entropy-resnet",
        "digits",
        Network("resnet", (1, 1, 1), 8),
        Recipe("cross-entropy", epochs=15, weight_decay=1e-2, batch=32),
        images=256,
        held_out=500,
    )
    # On CIFAR-10 round 0 with cross-entropy fits every label with the weight decay 1e-2.
    # With the loss L2 round 0 fits 91 to 92 % of the labels with every weight decay from 0.0025 to
    # 0.1 that was tried, and with a learning rate of 3e-3 as well.
    cpu = _cifar_settings(
        cifar100={
            "cross-entropy": Recipe("cross-entropy", epochs=20, weight_decay=5e-3),
            "l2": Recipe(
                "l2", epochs=40, weight_decay=1e-1, optimizer="adamw", learning_rate=1e-2
            ),
        },
        cifar10={
            # With a weight decay of 0.01 round 0 fits all of its labels, and nothing can happen.
            "cross-entropy": Recipe("cross-entropy", epochs=25, weight_decay=1.4e-2),
            "l2": Recipe("l2", epochs=25, weight_decay=1e-2),
        },
        resnet=resnet10,
        vgg=vgg11,
        images=10_000,
    )
    # With the learning rate of the ResNet the VGG fits only 84 % of the labels, with 3e-3 95 %.
    *resnets, vgg = cpu
    cpu = (*resnets, replace(vgg, recipe=replace(vgg.recipe, learning_rate=3e-3)))
    # Chosen after the `cpu` preset, to be confirmed on a GPU before a study relies on them.
    gpu_recipes = {
        "cross-entropy": Recipe("cross-entropy", epochs=16, weight_decay=2e-3, batch=512),
        "l2": Recipe(
            "l2", epochs=24, weight_decay=1e-2, optimizer="adamw", learning_rate=1e-2, batch=512
        ),
    }
    gpu = _cifar_settings(gpu_recipes, gpu_recipes, resnet10_wide, vgg11_half, None)
    paper_recipes = {
        "cross-entropy": Recipe("cross-entropy", epochs=50, weight_decay=1e-3, batch=256),
        "l2": Recipe(
            "l2", epochs=75, weight_decay=1e-2, optimizer="adamw", learning_rate=3e-3, batch=256
        ),
    }
    paper = _cifar_settings(
        paper_recipes,
        paper_recipes,
        Network("resnet", (3, 4, 6, 3), 64, bottleneck=True),
        Network("vgg", (2, 2, 3, 3, 3), 64),
        None,
    )
    presets = (
        Preset(
            "digits",
            "cpu",
            (digits,),
            controls(digits, epochs=(5, 8), weight_decays=(2e-2, 4e-2)),
            default=(digits.name,),
            chains=3,
            rounds=6,
            precision="float32",
        ),
        _cifar_preset("cpu", "cpu", cpu, cpu[:1], 10, 10),
        _cifar_preset("colab", "cuda", gpu, gpu[:1], 3, 6, minutes=10),
        _cifar_preset("gpu", "cuda", gpu, gpu, 10, 11),
        _cifar_preset("paper", "cuda", paper, paper, 10, 11),
    )
    return {preset.name: preset for preset in presets}


def _cifar_preset(name, device, settings, default, chains, rounds, minutes=None):
    """A preset of the five CIFAR settings with the controls of the first one.

    Of the weight decays one goes on for several rounds, because it is the best for a single one in
    the `cpu` preset: does a chain gain where the weight decay has been tuned before?
    """
    first = settings[0]
    epochs, decay = first.recipe.epochs, first.recipe.weight_decay
    return Preset(
        name,
        device,
        (
            *settings,
            *controls(first, weight_decays=[1.5 * decay]),
            same_initialisation(first),
            augmented(first),
            with_label_noise(first, 0.4),
            ensemble(first, 3),
        ),
        controls(
            first,
            epochs=[round(epochs * part) for part in (0.7, 0.5, 0.35, 0.25, 3)],
            weight_decays=[decay * factor for factor in (0.5, 1.25, 1.75, 2, 3, 4)],
            label_smoothings=(0.05, 0.1, 0.2, 0.4),
        ),
        default=tuple(setting.name for setting in default),
        chains=chains,
        rounds=rounds,
        minutes=minutes,
    )


PRESETS = _presets()


def find_preset(name):
    """Return the preset of this name.

    Raises
    ------
    StudyError
        There is none.
    """
    if name not in PRESETS:
        raise StudyError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


@dataclass(frozen=True)
class Unit:
    """One round of one chain of one setting."""

    setting: Setting
    chain: int
    round: int

    @property
    def slug(self):
        """Its name as that of a file."""
        return f"{self.setting.name}-{self.chain}-{self.round}"

    def __str__(self):
        return f"{self.setting.name}, chain {self.chain}, round {self.round}"


@dataclass(frozen=True)
class Plan:
    """What is to be done: settings, chains and rounds, and on what.

    Build it with `make_plan`.
    """

    preset: str
    settings: tuple  # of (Setting, number of rounds)
    chains: int
    machine: Machine
    study_seed: int

    def units(self):
        """All units: setting by setting, in each a round of all chains before the next round."""
        return [
            Unit(setting, chain, number)
            for setting, rounds in self.settings
            for number in range(rounds)
            for chain in range(self.chains)
        ]

    def configuration(self, setting):
        """All that defines a setting's trainings, in the form in which records hold it."""
        configuration = {
            "setting": _entries(setting),
            "machine": _entries(self.machine),
            "study_seed": self.study_seed,
        }
        return json.loads(json.dumps(configuration))


def is_emulated(machine):
    """Whether the processor has to emulate the precision, which takes many times as long."""
    own = ("float32", native_precision(machine.device))
    return machine.device == "cpu" and machine.precision not in own


def _entries(part):
    """A setting, recipe, network or machine as a dict, without new fields at their defaults."""
    found = {}
    for item in fields(part):
        value = getattr(part, item.name)
        if item.name in FIRST_FIELDS or item.default is MISSING or value != item.default:
            found[item.name] = _entries(value) if is_dataclass(value) else value
    return found


def make_plan(preset, *, settings=None, chains=None, rounds=None, seed=0, precision=None):
    """Decide what a study does on this machine.

    Parameters
    ----------
    preset : Preset
    settings : sequence of str or None
        Names of settings; "all" stands for all of the preset. None takes the preset's default.
    chains, rounds : int or None
        None takes those of the preset. Controls of a single round have one round in any case.
    seed : int
        The study seed. Every other seed is derived from it.
    precision : str or None
        None takes the preset's, or else the one that suits the device.

    Returns
    -------
    Plan

    Raises
    ------
    StudyError
        An unknown setting, no chains or rounds, or no such device.
    """
    for name, value in (("chains", chains), ("rounds", rounds)):
        if value is not None and value < 1:
            raise StudyError(f"{name} must be at least 1, got {value}")
    if preset.device == "cuda" and not torch.cuda.is_available():
        raise StudyError(
            f"preset {preset.name} needs a CUDA GPU, and torch sees none here; "
            "the presets for a CPU are digits and cpu"
        )
    names = preset.default if settings is None else tuple(settings)
    if "all" in names:
        names = tuple(setting.name for setting in preset.settings + preset.single_rounds)
    chosen = [preset.setting(name) for name in dict.fromkeys(names)]
    rounds = rounds or preset.rounds
    machine = Machine(
        preset.device, precision or preset.precision or native_precision(preset.device)
    )
    return Plan(
        preset.name,
        tuple((s, 1 if s in preset.single_rounds else rounds) for s in chosen),
        chains or preset.chains,
        machine,
        seed,
    )
