"""What several checkers try an answer out on."""

from sdtutorial.distillation import distill
from sdtutorial.examples import spline
from sdtutorial.regression import InfeasibleToleranceError, fit


def running_chain():
    example = spline()
    return distill(example.gram, example.y, example.tolerance)


def smallest_residual(floor, gram, labels):
    """Try tolerances a thousandth above and below what is said to be the smallest."""
    if not _feasible(gram, labels, 1.001 * floor):
        yield False, f"No fit comes as close as {floor:.5g}: the smallest residual is above it."
    elif _feasible(gram, labels, 0.999 * floor):
        yield False, f"Some fit comes closer than {floor:.5g}: the smallest residual is below it."
    else:
        yield True, "A little above it there is a fit, a little below it there is none."


def _feasible(gram, labels, tolerance):
    try:
        fit(gram, labels, tolerance)
    except InfeasibleToleranceError:
        return False
    return True
