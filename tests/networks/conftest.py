"""Small random data, small networks and a tiny preset that the tests of the networks share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from made_records import two_controls, unfinished_study
from tiny_study import PRESET, SETTING, stripes

from sdtutorial.networks import data, presets
from sdtutorial.networks.training import Machine

HERE = Path(__file__).parent

torch.set_num_threads(1)


@pytest.fixture
def study():
    """Records of a study that has not come to its end."""
    return unfinished_study()


@pytest.fixture
def controls():
    """Records of a setting with two controls."""
    return two_controls()


@pytest.fixture
def machine():
    return Machine("cpu", "float32", 1)


@pytest.fixture(scope="session")
def tiny_dataset():
    """Three classes of noisy stripes, 100 training and 40 test images."""
    return stripes()


@pytest.fixture
def tiny_setting():
    return SETTING


@pytest.fixture
def tiny_preset(monkeypatch, tiny_dataset):
    """The preset "tiny", known to the package: 2 chains of 3 rounds on the stripes."""
    monkeypatch.setitem(presets.PRESETS, "tiny", PRESET)
    load = data.load
    monkeypatch.setattr(
        data,
        "load",
        lambda name, **options: tiny_dataset if name == "stripes" else load(name, **options),
    )
    return PRESET


@pytest.fixture
def plan(tiny_preset):
    return presets.make_plan(tiny_preset)


@pytest.fixture(scope="session")
def run_script():
    """Run tiny_study.py in a process of its own; returns the finished process."""

    def run(*arguments, launcher=(), timeout=120):
        root = HERE.parent.parent
        environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *launcher, str(HERE / "tiny_study.py"), *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment, check=False
        )

    return run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, run_script):
    """The folder of the tiny study, run from its beginning to its end by one worker."""
    out = tmp_path_factory.mktemp("undisturbed")
    result = run_script("run", "--preset", "tiny", "--out", out)
    assert result.returncode == 0, result.stderr
    return out
