"""The example of the README does what the README says."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_of_the_readme_draws_its_figure(tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)[1]
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert capsys.readouterr().out.startswith("4 [")
    drawn, committed = tmp_path / "chain.png", ROOT / "book" / "_static" / "chain.png"
    # The bytes depend on the version of Matplotlib, the size in pixels does not.
    assert drawn.read_bytes()[16:24] == committed.read_bytes()[16:24]
