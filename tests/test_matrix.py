"""The table of environments, and what has been run in them."""

import json
import tomllib

import matrix
import pytest
from packaging.requirements import Requirement

RECORDS = json.loads(matrix.RESULT.read_text(encoding="utf-8")) if matrix.RESULT.exists() else []
RAN = [record for record in RECORDS if "absent" not in record]


def test_environments_have_different_names_and_the_oldest_python_is_among_them():
    names = [environment.name for environment in matrix.ENVIRONMENTS]
    assert len(set(names)) == len(names)
    project = (matrix.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = next(e for e in matrix.ENVIRONMENTS if e.versions == "oldest")
    assert f'requires-python = ">={oldest.python}"' in project


def test_what_was_run_are_environments_of_the_table():
    pythons = {environment.name: environment.python for environment in matrix.ENVIRONMENTS}
    for record in RECORDS:
        assert record["python"] == pythons[record["environment"]]
        assert "absent" in record or record["versions"]["python"].startswith(record["python"])


def test_the_oldest_versions_that_were_run_are_the_lower_bounds():
    oldest = next((record for record in RAN if record["environment"] == "oldest"), None)
    if oldest is None:
        pytest.skip("the oldest versions have not been run: make matrix")
    ran = {package: oldest["versions"][package] for package in matrix.PACKAGES}
    assert ran == matrix.lower_bounds(), "a lower bound has changed: make matrix"


@pytest.mark.parametrize("record", RAN, ids=lambda record: record["environment"])
def test_no_test_failed_in_any_environment(record):
    assert record["runs"] and not record.get("failure")
    assert matrix.passed(record)
    for run in record["runs"]:
        assert run["passed"] > 2000


def test_requirements_are_pins_for_the_oldest_and_names_for_the_newest():
    environment = matrix.Environment("x", "3.11", {"numpy": "2.1.3"}, companions=("a<2",))
    assert environment.requirements() == ["numpy==2.1.3", "a<2"]
    assert set(matrix.Environment("x", "3.11").requirements()) == set(matrix.PACKAGES)
    assert "numpy==2.0.0" in matrix.Environment("x", "3.11", "oldest").requirements()


def test_installing_the_package_changes_nothing_that_colab_has():
    """All that it asks for, with every extra that readers use, is there in a version that does."""
    has = matrix.colab()
    project = tomllib.loads((matrix.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for asked in (project["dependencies"], extras["learn"], extras["networks"]):
        for requirement in map(Requirement, asked):
            assert requirement.specifier.contains(has[requirement.name]), requirement


def test_all_notebooks_run_on_the_python_and_the_versions_that_colab_has():
    (host,) = (environment for environment in matrix.ENVIRONMENTS if environment.host)
    assert f"Python {host.python}," in matrix.COLAB.read_text(encoding="utf-8")
    assert set(host.requirements()) == {f"{p}=={v}" for p, v in matrix.colab().items()}
    assert host.notebooks and "torch" in host.versions


def test_what_was_run_as_colab_are_the_versions_that_it_has():
    record = next((record for record in RAN if record["environment"] == "Colab"), None)
    if record is None:
        pytest.skip("the versions of Colab have not been run: make matrix")
    has = matrix.colab()
    assert {name: record["versions"][name] for name in matrix.PACKAGES} == {
        name: has[name] for name in matrix.PACKAGES
    }
    assert record["changed"] == [] and record["notebooks"]["passed"] > 150


def test_the_theory_has_tests_and_no_network_among_them():
    found = matrix.theory()
    assert "tests/test_distillation.py" in found and "tests/bounds" in found
    assert not any(path.startswith("tests/networks") for path in found)


def test_the_chapters_on_networks_are_known_by_what_they_import():
    on_networks = {path.stem for path in matrix.NOTEBOOKS.glob("*.ipynb") if matrix.is_on_networks(path)}
    assert "cifar_chains" in on_networks
    assert not on_networks & {"index", "setup", "real_data"}


def test_a_python_that_no_machine_has_is_said_to_be_absent():
    record = matrix.run(matrix.Environment("x", "3.99"))
    assert "no Python 3.99" in record["absent"]


def test_two_orders_without_a_failure_are_a_pass():
    runs = [{"order": 1, "passed": 3}, {"order": 2, "passed": 3}]
    assert matrix.passed({"runs": runs})
    assert not matrix.passed({"runs": runs[:1]})
    assert not matrix.passed({"runs": [runs[0], runs[1] | {"failed": 1}]})
    assert not matrix.passed({"runs": [], "failure": "pip ended with 1"})
    assert matrix.passed({"runs": runs, "notebooks": {"passed": 5}, "changed": []})
    assert not matrix.passed({"runs": runs, "notebooks": {"passed": 5, "failed": 1}})
    assert not matrix.passed({"runs": runs, "changed": ["numpy"]})
