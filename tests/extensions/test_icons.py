"""Icons that no page shows are left out of the site."""

from fontTools.ttLib import TTFont
from icons import characters, lighter, used_icons

SHEET = (
    '.fa-a:before,.fa-b:before{content:"\\f001"}.fa-c:before{content:"\\f002"}'
    'html{--pst-icon-note: "\\f003"}.fa-lg{font-size:1.25em}'
)


def test_the_rule_of_an_icon_stays_if_one_of_its_names_is_used():
    sheet = lighter(SHEET, used_icons(['<i class="fas fa-b fa-lg"></i>']))
    assert "f001" in sheet and "f002" not in sheet and "f003" in sheet and "1.25em" in sheet


def test_characters_are_those_of_the_rules_and_of_the_other_sheets():
    others = ['details::after{content:"\\f107"} p{content:"x"}']
    assert characters(lighter(SHEET, {"fa-c"}), others) == {0xF002, 0xF003, 0xF107}


def test_the_site_has_a_small_font_with_the_icons_of_its_buttons(miniature):
    static = miniature.site / "_static"
    font = static / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.woff2"
    assert font.stat().st_size < 6_000
    shown = {0xF002, 0xF0C9, 0xF019, 0xF065, 0xF042, 0xF03A}  # search, menu, download, full, theme
    assert shown <= set(TTFont(font).getBestCmap())
    assert not list(static.rglob("fontawesome.js"))
