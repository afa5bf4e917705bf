"""The command line on a tiny preset of random images, for tests that need processes of their own.

`python tiny_study.py run ...` takes the arguments of `python -m sdtutorial.networks run`.
`python tiny_study.py kill OUT SEED` starts the same study twenty times, kills it each time at a
random moment, and then lets it run to its end; `python tiny_study.py kill-at OUT STEPS` kills a
study in OUT/0 at step 0 of its first write, one in OUT/1 at step 1, and so on.
"""

import os
import random
import signal
import sys
import time
from types import SimpleNamespace

import numpy as np
import torch

from sdtutorial.networks import __main__ as command
from sdtutorial.networks import data, presets, store
from sdtutorial.networks.chain import Setting
from sdtutorial.networks.models import Network
from sdtutorial.networks.records import read
from sdtutorial.networks.training import Recipe

# Metrics that are the time of a run, not its result.
TIMES = ("seconds", "processor_seconds")


def stripes():
    """Three classes of noisy stripes, 100 training and 40 test images: seconds to learn."""
    rng = np.random.default_rng(0)

    def draw(count):
        labels = rng.integers(3, size=count)
        images = rng.integers(0, 120, size=(count, 32, 32, 3))
        for image, label in zip(images, labels):
            image[:: 2 + 2 * label] += 120
        return images.astype(np.uint8), labels.astype(np.int64)

    train_images, train_labels = draw(100)
    test_images, test_labels = draw(40)
    return SimpleNamespace(
        name="stripes",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=("a", "b", "c"),
        fingerprint="f" * 64,
    )


SETTING = Setting(
    name="stripes-cross-entropy-resnet",
    data="stripes",
    network=Network("resnet", (1, 1), 8),
    recipe=Recipe("cross-entropy", epochs=3, weight_decay=1e-3, batch=16),
    images=70,
    held_out=20,
)

PRESET = presets.Preset(
    "tiny",
    "cpu",
    (SETTING,),
    presets.controls(SETTING, epochs=(2,), weight_decays=(1e-2,)),
    default=(SETTING.name,),
    chains=2,
    rounds=3,
    precision="float32",
)


def install():
    """Make the preset and its data known to the package in this process."""
    presets.PRESETS["tiny"] = PRESET
    load = data.load
    data.load = lambda name, **options: (
        stripes() if name == "stripes" else load(name, **options)
    )


def start(out, prepare=lambda: None):
    """Start the study in a process of its own, which shares the memory of this one, and so starts
    at once."""
    child = os.fork()
    if child == 0:
        prepare()
        os._exit(command.main(["run", "--preset", "tiny", "--out", out]))
    return child


def kill_at_random(out, seed):
    """Kill the study twenty times, each within the time of about two rounds; then finish it."""
    rng = random.Random(seed)
    for _ in range(20):
        children = [start(out) for _ in range(rng.choice((1, 2)))]
        for child in children:
            time.sleep(rng.uniform(0.0, 0.25))
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    finish = start(out)
    return os.waitstatus_to_exitcode(os.waitpid(finish, 0)[1])


def kill_at(out, step):
    """Kill the study at a step of its first write: at each flush, and at the final rename."""
    steps = iter(range(100))

    def killing(function):
        def killed(*arguments):
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return killed

    def prepare():
        store._flush = killing(store._flush)
        store._flush_folder = killing(store._flush_folder)
        store.os = SimpleNamespace(**{**vars(os), "rename": killing(os.rename)})

    os.waitpid(start(out, prepare), 0)


def published(out):
    """The folders of all rounds that are there."""
    return sorted(path.parent.relative_to(out) for path in out.rglob("record.jsonl"))


def only_files_of_rounds(out):
    """Whether no lock and no half-written round is left."""
    return not [*out.glob(".locks/*"), *out.glob(".partial/*")]


def results(out):
    """All that a study computed, without times: what must be equal bit for bit."""
    found = {}
    for record in read([out]).records:
        folder = (
            out / record.setting / f"chain-{record.chain:02}" / f"round-{record.round:02}"
        )
        metrics = {name: v for name, v in record.metrics.items() if name not in TIMES}
        arrays = {file.name: file.read_bytes() for file in folder.glob("*.npy")}
        found[record.key] = record.outcome, record.seeds, metrics, record.targets, arrays
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    install()
    if sys.argv[1] == "kill":
        sys.exit(kill_at_random(sys.argv[2], int(sys.argv[3])))
    elif sys.argv[1] == "kill-at":
        for number in range(int(sys.argv[3])):
            kill_at(os.path.join(sys.argv[2], str(number)), number)
    else:
        sys.exit(command.main(sys.argv[1:]))
