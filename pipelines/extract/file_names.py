"""Names under which delivered files are known here: without the numbers and names of persons.

A file's name goes everywhere: into raw, issues, reports, mails, logs and errors. A clerk may have
called a file ``王小明_110105194912310021.xlsx``. What looks like a citizen number or a mobile
number in a name loses all but its beginning and end, and beside such a number what looks like a
person's name loses all but its surname. All other names stay as they are.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from pipelines.clean.surnames import SURNAMES

_HIDDEN = "x"  # no star: engines read patterns in paths
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_NUMBER = re.compile(
    r"(?<!\d)(?:"
    rf"[1-8]\d{{5}}(?:18|19|20)\d\d{_DAY}\d{{3}}[\dXx]"  # GB 11643
    rf"|[1-8]\d{{5}}\d\d{_DAY}\d{{3}}"  # of fifteen digits, as until 1999
    r"|1[3-9]\d{9}"
    r")(?!\d)"
)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_KEPT_BEFORE, _KEPT_AFTER, _LONGEST_NAME = 4, 1, 4
_OF_TWO = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "司徒",
    "令狐",
    "东方",
)


def known_name(name: str) -> str:
    """The name under which a file is known; the same for a name that is one already."""
    hidden = _NUMBER.sub(_without_middle, name)
    return name if hidden == name else _HAN.sub(_without_given_name, hidden)


def known_names(files: Sequence[Path]) -> dict[Path, str]:
    """File to the name under which it is known, in the order of these; no two are alike."""
    taken: dict[str, int] = {}
    found = {}
    for file in sorted(files, key=lambda each: each.name):
        name = known_name(file.name)
        taken[name] = taken.get(name, 0) + 1
        path = Path(name)
        found[file] = name if taken[name] == 1 else f"{path.stem}-{taken[name]}{path.suffix}"
    return dict(sorted(found.items(), key=lambda each: each[1]))


def _without_middle(number: re.Match[str]) -> str:
    text = number[0]
    hidden = _HIDDEN * (len(text) - _KEPT_BEFORE - _KEPT_AFTER)
    return text[:_KEPT_BEFORE] + hidden + text[-_KEPT_AFTER:]


def _without_given_name(word: re.Match[str]) -> str:
    text = word[0]
    surname = 2 if text.startswith(_OF_TWO) else int(text[0] in SURNAMES)
    if not surname or not surname < len(text) <= _LONGEST_NAME:
        return text
    return text[:surname] + _HIDDEN * (len(text) - surname)
