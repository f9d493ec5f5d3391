"""Names of delivered columns: how they are compared, and what they are called in ``raw.<source>``.

A department may call a column anything: as a column of ours, as an SQL word, in capitals, with
dots, quotation marks or line breaks. Engines do not agree on such names (DuckDB does not tell
capitals from small letters, Iceberg takes a dot for nesting), so ``raw`` has a name that is safe in
all of them and follows from the delivered name alone: the name itself, where it is plain.
"""

import hashlib
import re
import unicodedata
from functools import cache

_BLANKS = "\ufeff\u200b \t\r\n\v\f\u3000\xa0"
_LINE_BREAK = re.compile(r"\r\n?")
_PLAIN = re.compile(r"[^\W_]\w*")
_DERIVED = re.compile(r".*__[0-9a-f]{12}", re.DOTALL)
_NOT_WORD = re.compile(r"\W+")
_LONGEST = 60  # characters; a name may be three times as long in bytes, and gets a prefix


def trimmed(name: str) -> str:
    """A delivered name without the blanks around it, its line breaks written as line feeds."""
    return _LINE_BREAK.sub("\n", name).strip(_BLANKS)


@cache
def stored_name(name: str) -> str:
    """Name in ``raw.<source>`` of the column that is delivered as ``name``.

    Small letters, digits and ``_`` of any script, never beginning with ``_``. Different names have
    different ones, in engines that do not tell capitals from small letters, too.
    """
    if _is_plain(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    folded = unicodedata.normalize("NFKC", name).casefold()
    readable = _NOT_WORD.sub("_", folded).strip("_")[:_LONGEST].strip("_")
    return f"{readable or 'column'}__{digest}"


@cache
def record_name(name: str) -> str:
    """Key of a mapped column in a quarantined row's ``record``: as delivered, where it is clear."""
    return stored_name(name) if name.startswith("_") or _DERIVED.fullmatch(name) else name


def _is_plain(name: str) -> bool:
    return (
        _PLAIN.fullmatch(name) is not None
        and name == name.casefold()
        and len(name) <= _LONGEST
        and not _DERIVED.fullmatch(name)
    )
