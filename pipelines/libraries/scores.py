"""What may be declared under ``identity.scores``: comparisons and blocking rules by name.

They themselves are in ``pipelines/identity/scores``; here stands what they are called and which
columns they look at, so that a declaration that cannot work is refused without loading an engine.
A test holds that both places name the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pipelines.libraries.declaration import Library

_DAMAGED = "{strong}_damaged"  # evidence of the strong identifier, whatever column that is
COMPARISONS: Mapping[str, Sequence[str]] = {
    "person_name": ("person_name",),
    "birth_date": ("birth_date",),
    "sex_code": ("sex_code",),
    "ethnicity_code": ("ethnicity_code",),
    "some_number": (_DAMAGED,),
    "mobile": ("mobile",),
    "residence_address": ("residence_address",),
    "residence_region_code": ("residence_region_code",),
    "employer_name": ("employer_name",),
    "school_name": ("school_name",),
    "organization_name": (
        *("organization_name", "organization_name_former"),
        *("organization_name_brand", "organization_name_industry"),
    ),
    "organization_code": ("organization_code",),
    "registration_number": ("registration_number",),
    "legal_representative_name": ("legal_representative_name",),
    "legal_representative_citizen_id": ("legal_representative_citizen_id",),
    "establishment_date": ("establishment_date",),
    "registered_address": ("registered_address",),
    "phone": ("phone",),
    "region_code": ("region_code",),
}
BLOCKING_RULES: Mapping[str, Sequence[str]] = {
    "birth_date_and_surname": ("birth_date", "person_name"),
    "birth_date_and_given_name": ("birth_date", "person_name"),
    "plain_name": ("organization_name", "organization_name_former"),
    "former_name": ("organization_name", "organization_name_former"),
    "part_of_number": (_DAMAGED,),
}
# Names of a person and of an organisation are taken apart into columns that are called alike.
_NAMES = ("person_name", "organization_name")
# Where names may be shared, the comparisons that tell two of one name apart.
NEEDED_BY_CONTRADICTION: Mapping[str, Sequence[str]] = {
    "branch_or_other_organization": (
        *("organization_name", "legal_representative_name", "registration_number"),
        *("establishment_date", "registered_address", "phone"),
    ),
}

Found = Iterator[tuple[str, str, str]]


def columns_for_scores(library: Library) -> Sequence[str]:
    """Golden columns, companions and evidence that the library's scores look at, each once."""
    scores = library.identity.scores
    needed = [column for name in scores.comparisons for column in _needed(name, library)]
    for rule in scores.blocking:
        needed += _blocked_by(rule, library)
    return tuple(dict.fromkeys(needed))


def scores_found(library: Library) -> Found:
    """What cannot work in ``identity.scores``: field, problem and remedy."""
    scores = library.identity.scores
    if scores.comparisons or scores.blocking:
        yield from _comparisons(library)
        yield from _blocking(library)


def _needed(comparison: str, library: Library) -> list[str]:
    strong = library.identity.strong
    return [each.format(strong=strong) for each in COMPARISONS[comparison]]


def _blocked_by(rule: str | Sequence[str], library: Library) -> list[str]:
    """The columns that a blocking rule looks at, named or listed."""
    columns = BLOCKING_RULES[rule] if isinstance(rule, str) else rule
    return [each.format(strong=library.identity.strong) for each in columns]


def _comparisons(library: Library) -> Found:
    where, names = "identity.scores.comparisons", library.identity.scores.comparisons
    if not names:
        yield where, "is empty: nothing is compared.", _one_of(COMPARISONS)
    for name in names:
        if name not in COMPARISONS:
            yield where, f"names {name!r}, which is no comparison.", _one_of(COMPARISONS)
    for name, times in Counter(names).items():
        if times > 1:
            yield (
                where,
                f"names {name!r} twice.",
                "Name each comparison once.",
            )
    for name in names:
        for column in _lacking(_needed(name, library), library):
            remedy = "Leave the comparison out, or declare the column."
            yield where, f"{name!r} looks at {column!r}, which is not declared.", remedy
    if set(_NAMES) <= set(names):
        problem = f"compares both {' and '.join(map(repr, _NAMES))}."
        yield where, problem, "Leave out the one that the entity is not called by."
    yield from _needed_by_contradiction(library)


def _needed_by_contradiction(library: Library) -> Found:
    identity = library.identity
    for name in NEEDED_BY_CONTRADICTION.get(identity.contradiction, ()):
        if name not in identity.scores.comparisons:
            problem = f"misses {name!r}, by which {identity.contradiction} tells namesakes apart."
            yield "identity.scores.comparisons", problem, "Add it, or leave the contradiction out."


def _blocking(library: Library) -> Found:
    where, rules = "identity.scores.blocking", library.identity.scores.blocking
    if not rules:
        remedy = "Write at least one: - [columns that are equal]."
        yield where, "is empty: no pair is compared.", remedy
    for place, rule in enumerate(rules):
        yield from _blocking_rule(f"{where}[{place}]", rule, library)
    told = [rule if isinstance(rule, str) else tuple(sorted(rule)) for rule in rules]
    for place, rule in enumerate(told):
        if rule in told[:place]:
            problem = f"is {rules[place]!r}, which stands there already."
            yield f"{where}[{place}]", problem, "Write each blocking rule once."


def _blocking_rule(where: str, rule: str | Sequence[str], library: Library) -> Found:
    if isinstance(rule, str) and rule not in BLOCKING_RULES:
        remedy = f"{_one_of(BLOCKING_RULES)} Or list columns: [{rule}]."
        yield where, f"names {rule!r}, which is no blocking rule.", remedy
    if not rule:
        remedy = "Name the columns that must be equal."
        yield where, "compares every record with every other: it is empty.", remedy
    if len(set(rule)) < len(rule) and not isinstance(rule, str):
        yield where, f"is {list(rule)!r}: it names a column twice.", "Name each column once."
    for column in _lacking(_blocked_by(rule, library), library):
        remedy = f"Write columns of this library: {', '.join(library.record_columns)}."
        yield where, f"looks at {column!r}, which is not declared.", remedy


def _lacking(columns: Sequence[str], library: Library) -> list[str]:
    return [column for column in columns if column not in library.record_columns]


def _one_of(offered: Mapping[str, Sequence[str]]) -> str:
    return f"Write one of {', '.join(offered)}."
