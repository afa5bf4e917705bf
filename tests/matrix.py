"""The theory's tests in every supported environment: `make matrix`.

Each environment of the table below is made anew in `_build/matrix`, has its tests run twice, each
time in another random order and with warnings as errors, and is removed. The theory does without
PyTorch, which only the environment with what Colab has knows. Where readers run notebooks, there
and in a browser, these run as well, from a folder that holds nothing else. What ran is written to
`tests/matrix.json`, which is committed.

    python tests/matrix.py                  # all environments
    python tests/matrix.py oldest 3.13      # those whose names are given

With HYPOTHESIS_PROFILE=book the property-based tests try as few examples as in `make test`.
The supported range stands in pyproject.toml alone: the oldest versions are its lower bounds.
"""

import argparse
import dataclasses
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "tests" / "matrix.json"
FOLDER = ROOT / "_build" / "matrix"
RACE = "tests/test_import.py::test_importing_the_package_takes_at_most_half_longer_than_numpy"
NOTEBOOKS = ROOT / "book"
COLAB = ROOT / "tests" / "colab.txt"
PACKAGES = ("numpy", "scipy", "matplotlib", "scikit-learn", "ipywidgets")
TOOLS = ("pytest", "pytest-randomly", "nbval", "hypothesis", "mpmath", "pandas", "beautifulsoup4")
TOOLS += ("jupytext", "ipykernel", "myst-nb")
# What needs PyTorch, a built book or a browser, and a race of import times.
LEFT_OUT = ("--ignore=sdtutorial/networks", "-m", "not build", "--deselect", RACE)
ORDERS = (1, 2)  # seeds of the order in which tests run

# What x86 had before 2013: NumPy takes its baseline, OpenBLAS the kernels of a processor without.
NO_AVX2 = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # as NumPy groups them now
    "OPENBLAS_CORETYPE": "Sandybridge",
}


def colab():
    """Return the version that Colab has of each package that matters here."""
    lines = COLAB.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@dataclasses.dataclass(frozen=True)
class Environment:
    """A Python, the versions of the packages in it, and variables and options for its tests.

    Versions are those of pyproject.toml's lower bounds ("oldest"), the newest ones ("newest"), or
    one for each package. Companions are requirements for what these packages in turn need. Where
    readers run notebooks these run as well, those on networks where PyTorch is. A host is there
    already when they come: installing the package must change nothing in it.
    """

    name: str
    python: str
    versions: str | dict = "newest"
    companions: tuple = ()
    variables: dict = dataclasses.field(default_factory=dict)
    options: tuple = ()
    notebooks: bool = False
    host: bool = False

    def requirements(self):
        if self.versions == "newest":
            return [*PACKAGES, *self.companions]
        pins = lower_bounds() if self.versions == "oldest" else self.versions
        pinned = [f"{package}=={version}" for package, version in pins.items()]
        return [*pinned, *self.companions]


ENVIRONMENTS = [
    # Matplotlib 3.9 and ipywidgets 7.7 call what newer companions of theirs warn of.
    Environment("oldest", "3.11", "oldest", companions=("pyparsing<3.3", "ipykernel<6.18")),
    Environment("3.11 without AVX2", "3.11", variables=NO_AVX2),
    Environment("3.12", "3.12"),
    Environment("3.13", "3.13"),
    Environment("3.14", "3.14"),
    # The lock of the Pyodide that `make lite` ships, whose own Python is 3.14.
    Environment(
        "in the browser",
        "3.13",
        {"numpy": "2.4.6", "scipy": "1.18.0", "matplotlib": "3.10.8", "scikit-learn": "1.8.0"},
        companions=("ipywidgets",),
        notebooks=True,
    ),
    # Its own Matplotlib and IPython call what its own pyparsing and Python deprecate.
    Environment(
        "Colab",
        "3.13",
        colab(),
        options=("-W", "ignore::DeprecationWarning"),
        notebooks=True,
        host=True,
    ),
]


def lower_bounds():
    """Return the oldest supported version of each of PACKAGES."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + project["optional-dependencies"]["learn"]
    bounds = dict(requirement.split(">=") for requirement in required)
    return {package: f"{bounds[package]}.0" for package in PACKAGES}


def theory():
    """Return what holds tests of the theory: files that mirror its modules, and doctests."""
    modules = {path.stem.strip("_") for path in (ROOT / "sdtutorial").glob("*.py")}
    files = [f"tests/test_{name}.py" for name in sorted(modules | {"bad_input", "import"})]
    found = [file for file in files if (ROOT / file).exists()]
    return [*found, "tests/bounds", "tests/plotting", "sdtutorial", *LEFT_OUT]


def interpreter(version):
    """Return the path of a Python of this version, or None: on the path, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python{version}"))),
    ]
    for candidate in filter(None, candidates):
        asked = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
        if asked.returncode == 0:
            return candidate
    return None


def run(environment):
    """Make an environment, run the tests in it, remove it; return the record of it."""
    record = {"environment": environment.name, "python": environment.python}
    found = interpreter(environment.python)
    if found is None:
        return record | {"absent": f"this machine has no Python {environment.python}"}
    folder = FOLDER / re.sub(r"\W", "-", environment.name)
    try:
        subprocess.run([found, "-m", "venv", "--clear", folder], check=True)
        python = folder / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if environment.host:
            subprocess.run([*install, *environment.requirements()], check=True)
            record["changed"] = changed(python)
        subprocess.run(
            [*install, *environment.requirements(), *TOOLS, "--editable", ROOT], check=True
        )
        if environment.notebooks:
            record["notebooks"] = run_notebooks(python, folder / "notebooks", environment.versions)
        ran = [run_tests(python, environment, seed) for seed in ORDERS]
        return record | {"versions": versions(python), "runs": ran}
    except subprocess.CalledProcessError as error:
        return record | {"runs": [], "failure": f"{error.cmd[1:4]} ended with {error.returncode}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_tests(python, environment, seed):
    """Run the tests in one random order; return what the last line of pytest counts."""
    done = subprocess.run(
        [python, "-m", "pytest", "-q", f"--randomly-seed={seed}", *environment.options, *theory()],
        check=False,
        cwd=ROOT,
        env={"HYPOTHESIS_PROFILE": "matrix", **os.environ, **environment.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    examples = os.environ.get("HYPOTHESIS_PROFILE", "matrix")
    return {"order": seed, "examples": examples, **counts(done)}


def counts(done):
    """Return what the last line of pytest counts; show its output if something has failed."""
    if done.returncode:
        print(done.stdout[-20_000:])
    last = done.stdout.strip().splitlines()[-1]
    return {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|error)", last)}


def changed(python):
    """Return what installing the package with its extras would add or change, itself left out."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--dry-run", "--report", "-", f"{ROOT}[learn,networks]"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    names = [entry["metadata"]["name"] for entry in report["install"]]
    return sorted(set(names) - {"sdtutorial"})


def is_on_networks(notebook):
    """Tell whether some cell of a notebook imports a module of networks."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return any("sdtutorial.networks" in source for source in code)


def run_notebooks(python, folder, versions):
    """Run copies of notebooks in a folder of their own; return what pytest counts."""
    folder.mkdir()
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        if "torch" in versions or not is_on_networks(notebook):
            shutil.copy(notebook, folder)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:randomly", "--nbval", "--nbval-current-env", "."],
        check=False,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return counts(done)


def versions(python):
    """Return the versions that an environment has, Python's own among them."""
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "print(json.dumps({'python': platform.python_version(),"
        " **{p: m.version(p) for p in sys.argv[1:]}}))"
    )
    done = subprocess.run([python, "-c", code, *PACKAGES], check=True, capture_output=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of environments; all of them by default")
    names = parser.parse_args().names
    unknown = set(names) - {environment.name for environment in ENVIRONMENTS}
    if unknown:
        parser.error(f"no environment is called {', '.join(sorted(unknown))}")
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else []
    results = {record["environment"]: record for record in before}
    failed = False
    for environment in ENVIRONMENTS:
        if not names or environment.name in names:
            record = run(environment) | {"date": datetime.date.today().isoformat()}
            failed |= "absent" not in record and not passed(record)
            results[environment.name] = record
            print(json.dumps(record), flush=True)
    kept = [results[e.name] for e in ENVIRONMENTS if e.name in results]
    lines = ",\n".join(json.dumps(record) for record in kept)
    RESULT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return int(failed)


def passed(record):
    """Tell whether all tests of an environment passed, in every order, and its notebooks too."""
    runs = record.get("runs", [])
    ran = [*runs, record["notebooks"]] if "notebooks" in record else runs
    clean = all(
        run.get("passed") and not run.get("failed") and not run.get("error") for run in ran
    )
    in_every_order = [run["order"] for run in runs] == list(ORDERS)
    return clean and in_every_order and not record.get("changed")


if __name__ == "__main__":
    sys.exit(main())
