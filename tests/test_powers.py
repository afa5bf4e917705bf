"""Powers of numbers next to 1 have all their digits."""

import mpmath
import numpy as np
import pytest

from sdtutorial._powers import geometric_sum, one_minus_power, power


@pytest.mark.parametrize("lost", [1e-300, 1e-17, 1e-9, 0.3, 0.5, 0.9, 1.0, 1.7, -0.2, -1e-12])
@pytest.mark.parametrize("count", [1, 2, 7, 1000, 10**6])
def test_powers_and_their_sum_agree_with_sixty_digits(lost, count):
    if abs(1 - lost) > 1 and count * abs(lost) > 600:
        return  # beyond the range
    with mpmath.workdps(400):  # as many as 1 - lost has
        q = 1 - mpmath.mpf(lost)
        exact = q**count, 1 - q**count, (1 - q**count) / lost
    ours = (function(1 - lost, lost, count) for function in (power, one_minus_power, geometric_sum))
    for value, number in zip(ours, exact):
        assert value == pytest.approx(float(number), rel=1e-14 + 3e-16 * count * abs(lost))


def test_at_one_and_at_infinity_they_are_limits():
    assert power(1.0, 0.0, np.inf) == 1 and geometric_sum(1.0, 0.0, 5) == 5
    assert power(0.5, 0.5, np.inf) == 0 and geometric_sum(0.5, 0.5, np.inf) == 2
    assert one_minus_power(1.0, 1e-20, np.inf) == 1 and power(1.0, 1e-20, np.inf) == 0
