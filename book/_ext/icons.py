"""Keep of the icon font, and of its style rules, the dozen icons that the pages show.

The theme brings two thousand: as a script of 1.5 MB, which the template leaves out, and as fonts.
"""

import re
from pathlib import Path

from fonts import write_subset

# One rule names the code of an icon under all its names.
RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}')
FONTS = ("fa-solid-900", "fa-regular-400", "fa-brands-400")


def used_icons(texts):
    """Return the names of the icons that pages or scripts mention."""
    return {name for text in texts for name in re.findall(r"\bfa-[a-z0-9-]+", text)}


def lighter(styles, names):
    """Return the style sheet without the rules of the icons that are not among the names."""

    def kept(match):
        return match[0] if used_icons([match[1]]) & names else ""

    return RULE.sub(kept, styles)


def characters(styles, named):
    """Return the codes of the icons that a lighter sheet names, or that other sheets write."""
    codes = [code for _, code in RULE.findall(styles)]
    for text in (styles, *named):
        codes += re.findall(r'--pst-icon[\w-]*: ?"\\([0-9a-f]+)', text)
    for text in named:
        codes += re.findall(r'content: ?"\\([ef][0-9a-f]{3})"', text)
    return {int(code, 16) for code in codes}


def _make_lighter(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    theme = static / "styles" / "pydata-sphinx-theme.css"
    sources = [*Path(app.outdir).rglob("*.html"), *(static / "scripts").glob("*theme.js")]
    names = used_icons(source.read_text(encoding="utf-8") for source in sources)
    styles = lighter(theme.read_text(encoding="utf-8"), names)
    theme.write_text(styles, encoding="utf-8")
    others = [sheet.read_text("utf-8") for sheet in static.rglob("*.css") if sheet != theme]
    for font in FONTS:
        _cut(static / "vendor" / "fontawesome" / "webfonts" / font, characters(styles, others))
    for script in (static / "scripts").glob("fontawesome*"):
        script.unlink()


def _cut(font, codes):
    source = font.with_suffix(".ttf")  # every browser that shows the pages reads the other
    if source.exists():
        write_subset(source, font.with_suffix(".woff2"), codes)
        source.unlink()


def setup(app):
    app.connect("build-finished", _make_lighter, priority=960)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
