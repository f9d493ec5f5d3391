"""Dates of the traditional calendar: 农历八月十五 written down as if it were 15 August.

Needs ``lunar-python``, of the development environment, for the beginnings of the months.
"""

from functools import cache

import numpy as np
from lunar_python import LunarYear
from numpy.typing import NDArray

from benchmarks.identity.world.codepoints import Ints

_FIRST_YEAR, _LAST_YEAR = 1900, 2027


@cache
def _months() -> tuple[NDArray[np.datetime64], Ints, Ints]:
    """First day, lunar year and month (a leap month has the number of the one before)."""
    found: dict[np.datetime64, tuple[int, int]] = {}
    for year in range(_FIRST_YEAR, _LAST_YEAR):
        for month in LunarYear.fromYear(year).getMonths():
            julian = int(month.getFirstJulianDay() + 0.5)
            first = np.datetime64("1970-01-01") + np.timedelta64(julian - 2_440_588, "D")
            found[first] = (month.getYear(), abs(month.getMonth()))
    days = sorted(found)
    years = np.array([found[day][0] for day in days])
    return np.array(days), years, np.array([found[day][1] for day in days])


def as_solar(days: NDArray[np.datetime64]) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of the traditional calendar of each day, taken for those of ours."""
    first, years, months = _months()
    place = np.searchsorted(first, days, side="right") - 1
    return years[place], months[place], (days - first[place]).astype(np.int64) + 1
