"""Expected volume: how many rows a delivery should have, learnt from the accepted ones."""

from collections.abc import Sequence
from statistics import median

SIGMA = 1.4826  # median absolute deviation -> standard deviation, for a normal distribution
SPREADS = 5  # standard deviations; 3 would ring about once a year for a daily source, 5 never
_FEW = 3  # with fewer deliveries a spread says nothing
_BAND_OF_FEW = 0.5  # of the median
_NARROWEST_BAND = 0.2  # of the median: five equal deliveries do not make a sixth one suspicious


def volume_bounds(history: Sequence[int]) -> tuple[int, int | None]:
    """Least and most rows that the next delivery is expected to have.

    Robust: median and median absolute deviation (MAD), so that one wild delivery that was accepted
    does not widen the bounds for the next ones.

    Args:
        history: Row counts of the accepted deliveries of one source, in any order.

    Returns:
        ``(low, high)``. Without history ``(1, None)``: only an empty delivery is out of bounds.
        Else ``median ± band``, where the band is half the median for one or two deliveries, and
        from three on ``5 x 1.4826 x MAD``, at least a fifth of the median. Low is never negative.
    """
    if not history:
        return 1, None
    middle = median(history)
    if len(history) < _FEW:
        band = _BAND_OF_FEW * middle
    else:
        deviation = median(abs(count - middle) for count in history)
        band = max(SPREADS * SIGMA * deviation, _NARROWEST_BAND * middle)
    return max(0, round(middle - band)), round(middle + band)
