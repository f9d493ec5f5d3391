"""Scores and rates with one decimal, as every report, page and terminal shows them."""


def tenths(value: float) -> str:
    """A figure of 0 to 100 with one decimal, never 100 for less and never 0 for more than nothing.

    >>> tenths(99.97), tenths(100), tenths(0.02), tenths(89.56)
    ('99.9', '100.0', '0.1', '89.6')
    """
    if 99.9 < value < 100:
        return "99.9"
    return "0.1" if 0 < value < 0.1 else f"{value:.1f}"
