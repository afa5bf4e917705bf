"""Filters over the eigenvalue, two families of them, and what they miss."""

import numpy as np
import pytest
from drawings import draw, is_drawn, texts

from sdtutorial import filters, plotting

AXIS = np.geomspace(1e-6, 1e-2, 101)
FITS = np.array([1, 2, 4])


def test_every_filter_is_drawn_and_named():
    curves = {"one fit": filters.ridge(AXIS, 1e-4), "step": filters.truncation(AXIS, 1e-4)}
    figure = plotting.filter_curves(AXIS, curves, multiplier=1e-4, eigenvalues=[1e-5, 1e-3])
    (axes,) = figure.axes
    for name, kept in curves.items():
        assert is_drawn(axes, AXIS, kept)
        assert name in [text.get_text() for text in figure.legends[0].get_texts()]
    assert is_drawn(axes, [1e-5, 1e-3], [-0.04, -0.04])
    assert axes.get_xscale() == "log"
    assert draw(figure)


@pytest.mark.parametrize("limit", [None, filters.ridge(AXIS, 3e-4)])
def test_both_families_are_drawn_and_the_limit_if_there_is_one(limit):
    solid = filters.label_mixing(AXIS, 1e-4, 0.3, FITS)
    dashed = filters.self_distillation(AXIS, 1e-4, FITS)
    figure = plotting.two_families(AXIS, solid, dashed, ("mixed", "alone"), limit=limit)
    (axes,) = figure.axes
    assert all(is_drawn(axes, AXIS, kept) for kept in [*solid, *dashed])
    assert ("limit" in texts(figure)) == (limit is not None)
    assert "mixed" in texts(figure) and "alone" in texts(figure)
    assert draw(figure)


def test_mirror_images_turn_around_their_centre():
    axis = np.geomspace(1e-2, 1e2, 201)
    removed = filters.self_distillation(axis, 1.0, FITS)
    added = filters.boosting(axis, 1.0, FITS)
    figure = plotting.mirror_images(axis, removed, added, FITS)
    (axes,) = figure.axes
    assert is_drawn(axes, [1], [0.5])
    for up, down in zip(added, removed):
        assert is_drawn(axes, axis, up)
        assert up == pytest.approx(1 - down[::-1])
    assert "4" in texts(figure)
    assert draw(figure)


def test_what_is_missed_is_drawn_for_each_method():
    c = np.geomspace(1e-6, 1e-3, 31)
    missed = {"one fit": 1 - filters.ridge([1e-3], c)[:, 0]}
    figure = plotting.missed_signal(c, missed)
    assert is_drawn(figure.axes[0], c, missed["one fit"])
    assert "one fit" in texts(figure)
    assert draw(figure)


@pytest.mark.parametrize(("draw_all", "most"), [("filter_curves", 5), ("missed_signal", 4)])
def test_more_curves_than_can_be_told_apart_are_refused(draw_all, most):
    curves = {f"curve {i}": np.full(101, 0.1 * i + 0.1) for i in range(most + 1)}
    arguments = {
        "filter_curves": (AXIS, curves, 1e-4),
        "missed_signal": (AXIS, curves),
    }[draw_all]
    with pytest.raises(ValueError, match=f"at most {most} curves .* not {most + 1}"):
        getattr(plotting, draw_all)(*arguments)


def test_filters_are_drawn_at_a_single_eigenvalue():
    draw(plotting.filter_curves([1.0], {"ridge": [0.5]}, 1.0))
