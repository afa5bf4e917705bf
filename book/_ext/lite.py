"""Build the site that runs chapters in the reader's browser, into _build/lite/site.

JupyterLite shows the notebooks and Pyodide runs them. The site brings along all that they need:
Pyodide, the packages that this package needs, and its own wheel, made of the files in this folder.
So no other host is asked, and none has to be within reach.

Pyodide's files come from the address that its kernel for JupyterLite names. Where that does not
answer, the core comes from npm, and of the packages those that PyPI has: enough to open notebooks
and to try the site, not to compute. `lacking` says what is not there, and then no page leads there.

Before it: `make book` and the builder `lite_notebooks`. Run by `make lite`, in .venv-lite.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "_build" / "lite_notebooks" / "book"
WORK = ROOT / "_build" / "lite"
SITE = WORK / "site"
PYODIDE = Path("static", "pyodide")
LOCK = "pyodide-lock.json"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
TIMEOUT = 60  # seconds without an answer

# What the kernel itself loads before the first cell.
KERNEL = ("ipython", "jedi", "jsonschema", "micropip", "pyodide-unix-timezones", "traitlets")
# The sliders, in the versions whose other half is in the page; no lock has them.
WIDGETS = ("comm", "ipywidgets", "jupyterlab_widgets", "widgetsnbextension")

SETTINGS = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "Self-distillation in Hilbert space",
        "litePluginSettings": {
            "@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}
        },
    },
}


def required(root=ROOT):
    """Return the names of the packages that this one needs, those for the estimator included."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + project["optional-dependencies"]["learn"]
    return [requirement.split(">=")[0] for requirement in requirements]


def closure(packages, names):
    """Return of a lock's packages those with these names and all that they depend on."""
    found, waiting = {}, list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found[name] = packages[name]
            waiting += packages[name]["depends"]
    return dict(sorted(found.items()))


def cut_lock(folder, names):
    """Leave in the lock of a folder what the names need, and return that."""
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    lock["packages"] = closure(lock["packages"], [name for name in names if name not in WIDGETS])
    write_lock(folder, lock)
    return lock


def write_lock(folder, lock):
    (folder / LOCK).write_text(json.dumps(lock), encoding="utf-8")


def lacking(site):
    """Return the packages that the lock of a site names and whose files are not there."""
    folder = site / PYODIDE
    packages = json.loads((folder / LOCK).read_text(encoding="utf-8"))["packages"]
    return [name for name, entry in packages.items() if not (folder / entry["file_name"]).exists()]


def download(address, target, sha256=None):
    """Write what an address holds to a file, if it is what it should be."""
    with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
        content = answer.read()
    if sha256 not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"{address} is not the file that the lock names")
    target.write_bytes(content)


def take_release(address, folder, names):
    """Take Pyodide and the packages that the names need from its own host."""
    for name in CORE:
        download(f"{address}/{name}", folder / name)
    for entry in cut_lock(folder, names)["packages"].values():
        name = entry["file_name"]
        download(f"{address}/{name}", folder / name, entry["sha256"])


def take_from_registries(release, folder, names):
    """Take what npm and PyPI have of the same; the lock then names the wheels of PyPI."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("Without Pyodide's own host its core comes from npm, which is not installed.")
    subprocess.run([npm, "pack", "--silent", f"pyodide@{release}"], check=True, cwd=WORK)
    with tarfile.open(WORK / f"pyodide-{release}.tgz") as archive:
        for name in CORE:
            (folder / name).write_bytes(archive.extractfile(f"package/{name}").read())
    lock = cut_lock(folder, names)
    pure = ("--python-version", lock["info"]["python"], "--platform", "any", "--abi", "none")
    for entry in lock["packages"].values():
        if entry["file_name"].endswith("-none-any.whl"):
            pip("download", folder, *pure, f"{entry['name']}=={entry['version']}", check=False)
            wheel = folder / entry["file_name"]
            if wheel.exists():
                entry["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    write_lock(folder, lock)


def pip(command, folder, *requirements, check=True):
    """Let pip write the wheels of requirements, without what these need, to a folder."""
    where = {"download": "-d", "wheel": "-w"}[command]
    wheels = ["--only-binary=:all:"] if command == "download" else []
    subprocess.run(
        [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", command, "--no-deps"]
        + [*wheels, where, str(folder), *map(str, requirements)],
        check=check,
        stderr=None if check else subprocess.DEVNULL,
    )


def own_wheels(folder):
    """Write the wheels of this package and of the widgets to a folder."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # else files that are gone would be in it
    pip("wheel", folder, ROOT)
    pip("download", folder, *(f"{name}=={version(name)}" for name in WIDGETS))


def assemble():
    """Let JupyterLite make its site of what lies in the folder."""
    (WORK / "jupyter-lite.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    applications = [f"--apps={name}" for name in ("notebooks", "tree", "repl")]
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-libarchive", "--no-sourcemaps"]
    command += ["--no-unused-shared-packages", "--lite-dir", WORK, "--contents", WORK / "files", "--output-dir", SITE]
    done = subprocess.run(
        [*map(str, command), *applications], cwd=WORK, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])


def main():
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

    shutil.rmtree(WORK, ignore_errors=True)
    folder = WORK / PYODIDE
    for made in (folder, WORK / "pypi"):
        made.mkdir(parents=True)
    shutil.copytree(NOTEBOOKS, WORK / "files")
    own_wheels(WORK / "pypi")
    names = [*KERNEL, *required()]
    try:
        take_release(PYODIDE_CDN_URL, folder, names)
    except OSError as error:
        print(f"Pyodide's own host does not answer: {error}")
        take_from_registries(PYODIDE_VERSION, folder, names)
    assemble()
    size = sum(file.stat().st_size for file in SITE.rglob("*") if file.is_file())
    print(f"{SITE.relative_to(ROOT)}: {len(list(NOTEBOOKS.glob('*.ipynb')))} notebooks, {size / 1e6:.0f} MB")
    if missing := lacking(SITE):
        print(f"No page will lead there, since it lacks {', '.join(missing)}.")


if __name__ == "__main__":
    main()
