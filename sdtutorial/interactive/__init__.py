"""Figures that a reader moves: sliders for a parameter and for the round of a chain.

Each function here returns an `Explorer`, which a cell shows. On the site there is no kernel. There
it is a piece of HTML with a small script, and shows what the package computed and drew while the
page was built; it asks no server for anything. In Jupyter and Colab it is made of ipywidgets and
computes while the reader moves it. Where there are no widgets it is a picture. All draw the same
from the same values, since only the package draws: the script chooses.

The explorer of networks is in `sdtutorial.networks.sliders`.
"""

from sdtutorial.interactive._explorer import Explorer
from sdtutorial.interactive.animations import schematic_animation, walk_animation
from sdtutorial.interactive.collapse import collapse_explorer
from sdtutorial.interactive.filters import filter_explorer
from sdtutorial.interactive.spline import spline_explorer, tolerance_grid

__all__ = [
    "Explorer",
    "collapse_explorer",
    "filter_explorer",
    "schematic_animation",
    "spline_explorer",
    "tolerance_grid",
    "walk_animation",
]
