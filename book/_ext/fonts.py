"""Cut a font down to the characters that the pages use: a thousand symbols become a hundred."""

import logging
import re

from fontTools import subset

_OPTIONS = {"flavor": "woff2", "hinting": False, "layout_features": [], "notdef_outline": True}
# It tells of every table that it cuts, in the middle of the log of the build.
logging.getLogger("fontTools").setLevel(logging.WARNING)

_UNREAD_BY_BROWSERS = ["FFTM"]


def characters_of(styles):
    """Return the characters that a style sheet writes by `content`."""
    written = re.findall(r'content: ?"((?:[^"\\]|\\.)*)"', styles)
    found = set()
    for text in written:
        codes = re.findall(r"\\([0-9A-Fa-f]{1,6}) ?", text)
        found |= {int(code, 16) for code in codes}
        found |= set(map(ord, re.sub(r"\\([0-9A-Fa-f]{1,6}) ?", "", text))) - {ord("\\")}
    return found


def write_subset(source, target, characters):
    """Write the font `source`, with these characters (numbers) alone, to `target` as WOFF2.

    None stands for all characters.
    """
    options = subset.Options(**_OPTIONS)
    options.drop_tables += _UNREAD_BY_BROWSERS
    target.parent.mkdir(parents=True, exist_ok=True)
    with subset.load_font(str(source), options) as font:
        # The same bytes from the same font, whenever the book is built.
        font.recalcTimestamp = False
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=font.getBestCmap() if characters is None else characters)
        cutter.subset(font)
        subset.save_font(font, str(target), options)
