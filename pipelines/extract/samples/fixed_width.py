"""Where the columns of a text of fixed width seem to be: what is blank in every line lies between.

Columns that touch are taken for one, and what is blank in the sample only parts a column: a person
has to compare the places with the department's description.
"""

from collections import Counter
from collections.abc import Sequence

_FEWEST_LINES = 3
_NEARLY_ALL = 0.8
_BLANKS = b" \x00"


def guess_positions(lines: Sequence[bytes]) -> list[tuple[int, int]]:
    """First and last byte of each column, from 1; nothing where the text has no fixed width.

    It has one if nearly all lines are equally long (a total may stand below them) and some have two
    blanks or more between columns, so that neither ``2026-01-01 08:00:00`` nor a list of numbers
    is taken for it.

    >>> guess_positions([b"A1  x    7", b"A22 yy   8", b"A3  zzz 19"])
    [(1, 3), (5, 7), (9, 10)]
    >>> guess_positions([b"A1,x", b"A2,y", b"A3,z"])
    []
    """
    written = [line for line in lines if line.strip(_BLANKS)]
    ((width, count),) = Counter(map(len, written)).most_common(1) or [(0, 0)]
    if count < max(_FEWEST_LINES, _NEARLY_ALL * len(written)):
        return []
    full = [line for line in written if len(line) == width]
    used = [any(line[place] not in _BLANKS for line in full) for place in range(width)]
    found: list[tuple[int, int]] = []
    for place, filled in enumerate(used, start=1):
        if filled and found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        elif filled:
            found.append((place, place))
    wide_gaps = any(b"  " in line.strip(_BLANKS) for line in full)
    return found if len(found) > 1 and wide_gaps else []
