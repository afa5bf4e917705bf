"""What the theme is told, and the scripts that stay on a page."""

from types import SimpleNamespace

from theme import needed_scripts


def test_scripts_that_stand_twice_or_start_servers_are_dropped():
    def script(name, body=""):
        return SimpleNamespace(filename=name, attributes={"body": body})

    kept = needed_scripts(
        [script("a.js"), script("a.js"), script("", "let x"), script("", "const THEBE_JS_URL"), "b"]
    )
    assert [getattr(item, "filename", item) for item in kept] == ["a.js", "", "b"]
