"""What `import sdtutorial` costs and offers."""

import os
import statistics
import subprocess
import sys

import pytest

import sdtutorial


@pytest.mark.parametrize("heavy", ["torch", "matplotlib", "sklearn", "IPython", "ipywidgets", "scipy"])
def test_importing_the_package_does_not_load(heavy):
    code = f"import sys, sdtutorial; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code]).returncode == 0


@pytest.mark.parametrize("module", ["bounds", "filters", "generalization", "notebook", "plotting"])
def test_a_module_loads_no_solver_of_scipy_before_it_is_used(module):
    code = (
        f"import sys, sdtutorial.{module}\n"
        "sys.exit(any(f'scipy.{part}' in sys.modules for part in ('optimize', 'integrate')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_records_are_read_and_drawn_without_what_trainings_need():
    code = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'filelock', 'pooch', 'pyarrow', 'tqdm', 'sklearn'):\n"
        "    sys.modules[name] = None\n"
        "from sdtutorial.networks import analysis, figures, report, rivals, sliders\n"
        "settings = analysis.recorded()\n"
        "figures.accuracy([settings['cifar100-cross-entropy-resnet']])\n"
    )
    environment = {**os.environ, "MPLBACKEND": "agg"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_importing_the_package_takes_at_most_half_longer_than_numpy():
    code = (
        "from time import process_time as now\n"
        "start = now(); import numpy; numpy_loaded = now(); import sdtutorial; loaded = now()\n"
        "print((loaded - start) / (numpy_loaded - start))"
    )
    # Processor time, and both in one process: what else the machine does disturbs both alike.
    ratios = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(9)]
    assert statistics.median(ratios) <= 1.5, ratios


def test_every_public_name_is_there_and_documented():
    for name in sdtutorial.__all__:
        assert getattr(sdtutorial, name).__doc__, name
    assert sdtutorial.__all__ == sorted(sdtutorial.__all__, key=lambda n: (n.upper() != n, n))
    stay = {"Chain", "InfeasibleToleranceError", "distill", "gram_matrix"}
    assert stay <= set(sdtutorial.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'sdtutorial' has no attribute 'destill'"):
        sdtutorial.destill


def test_the_package_never_prints():
    code = (
        "from sdtutorial import *\n"
        "e = spline(); c = distill(e.gram, e.y, e.tolerance); c.predict(e.gram); c.filters"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
