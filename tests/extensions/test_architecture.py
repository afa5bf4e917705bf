"""The picture of the imports."""

from architecture import PACKAGE, drawn, essential, imports, modules, picture, within


def test_every_form_of_an_import_is_read(tmp_path):
    folder = tmp_path / PACKAGE
    (folder / "part").mkdir(parents=True)
    files = {
        "__init__.py": "from sdtutorial.low import f",
        "low.py": "import numpy.low",
        "middle.py": "from sdtutorial import low",
        "high.py": "def f():\n    from sdtutorial.middle import f\n    import sdtutorial.part.one",
        "part/__init__.py": "from sdtutorial.part.one import f",
        "part/one.py": "from sdtutorial import f",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    assert imports(modules(tmp_path)) == {
        "low": set(),
        "middle": {"low"},
        "high": {"middle", "part.one"},
        "part": {"part.one"},
        "part.one": {""},
    }


def test_a_package_is_one_thing_from_outside_and_a_picture_from_inside():
    graph = {"a": {"p.x"}, "p": {"p.x", "p.y"}, "p.x": {"p.y", "b"}, "p.y": set(), "b": set()}
    assert within(graph) == {"a": {"p"}, "p": {"b"}, "b": set()}
    assert within(graph, "p") == {"x": {"y"}, "y": set()}


def test_arrows_that_others_imply_are_left_out_and_circles_are_not():
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": {"d"}, "d": {"c"}}
    assert essential(graph) == {"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"c"}}


def test_a_picture_is_put_after_its_mark_and_a_lone_module_is_in_it():
    graph = {"a": {"b"}, "b": set(), "lone": set()}
    text = "x\n<!-- imports of -->\n```mermaid\nold\n```\ny"
    assert picture(graph) == "```mermaid\nflowchart TD\n  a --> b\n  lone\n```"
    assert drawn(text, graph) == f"x\n<!-- imports of -->\n{picture(graph)}\ny"
