"""Where things stand: who imports whom, how long a file is, what the environment may say."""

import ast
import re
import subprocess
import sys

import pytest
from architecture import circle, drawn, imports, modules, within
from pages import ROOT

IMPORTS = imports(modules())
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
LONGEST = 500  # lines of a module

# Folders whose code is ours, and what they may ask the environment for is our interface.
SOURCES = [
    file
    for folder in ("sdtutorial", "book/_ext", "benchmarks")
    for file in sorted((ROOT / folder).rglob("*.py"))
]


# The imports.


def test_no_module_imports_itself_by_way_of_others():
    assert circle(IMPORTS) == [], "move what both need into a module below them"


def test_a_circle_is_noticed():
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_packages_do_not_import_each_other_in_a_circle():
    assert circle(within(IMPORTS)) == [], "move what both need into a module below them"


def test_no_module_imports_what_the_package_shows():
    faces = {name for name, imported in IMPORTS.items() if "" in imported}
    assert faces == set(), "import from the module that defines the name, not from sdtutorial"


def test_only_networks_know_networks():
    knowing = {
        name.split(".")[0]
        for name, used in IMPORTS.items()
        if any(module.split(".")[0] == "networks" for module in used)
    }
    assert knowing <= {"networks"}, "the theory does without networks; hand the numbers over"


def test_the_picture_shows_the_imports_of_today():
    page = CONTRIBUTING.read_text(encoding="utf-8")
    assert page.count("<!-- imports of") >= 2
    assert page == drawn(page, IMPORTS), "run make pictures"


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_a_module_is_short_enough_to_be_read(name):
    lines = len(modules()[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: split it where its subjects part"


@pytest.mark.parametrize("name", [name for name in IMPORTS if re.fullmatch("[a-z]\\w*", name)])
@pytest.mark.slow
def test_every_module_is_there_when_the_package_names_it(name):
    code = f"import sdtutorial as sd; assert {name!r} in dir(sd); sd.{name}.__name__"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    cure = f"write {name!r} into _SUBMODULES of sdtutorial/__init__.py"
    assert done.returncode == 0, f"{cure}\n{done.stderr}"


# The tests.


def test_no_test_module_imports_another():
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    names = {file.stem for file in tests}
    found = {
        (file.name, node.module)
        for file in tests
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in names
    }
    assert found == set(), "move what both use into a helper module, such as tests/pages.py"


# The environment.


def variables(source):
    """Return the environment variables that a piece of code reads."""
    tree = ast.parse(source)
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            name = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "os.environ.get",
            "os.environ.setdefault",
            "os.getenv",
        ):
            name = node.args[0]
        else:
            continue
        yield name.value if isinstance(name, ast.Constant) else constants[name.id]


def test_variables_are_found_however_they_are_read():
    source = "N = 'A'\nos.environ.get(N)\nos.environ['B']\nos.getenv('C', 1)\nother['D']"
    assert set(variables(source)) == {"A", "B", "C"}


def test_every_environment_variable_stands_in_the_table():
    read = {name for file in SOURCES for name in variables(file.read_text(encoding="utf-8"))}
    table = CONTRIBUTING.read_text(encoding="utf-8").split("| variable |")[1].split("\n\n")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    assert listed == read, "the table of CONTRIBUTING.md lists what the code reads, and nothing else"


def test_what_git_ignores_is_ignored_as_a_link_too():
    entries = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert [entry for entry in entries if entry.endswith("/")] == [], "leave the last slash out"
