"""Check of catalogue entries: the core items of the guide, and the errors that people make.

Judges texts as they are filled in (``texts_of``), so that an entry derived here and a row of a
sheet that a department filled in are judged alike. The common errors are those that review guides
for such sheets name.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from pipelines.clean.identifiers.check_digits import BASE_31, MOD_31_WEIGHTS
from pipelines.governance.resources.declared import CODE
from pipelines.governance.resources.entry import (
    CLASSES,
    CYCLES,
    DATA_TYPES,
    FORMATS,
    GRADES,
    JOINED_BY,
    SHARE_MODES,
    SHARE_TYPES,
    TITLES,
    Entry,
    Item,
    texts_of,
)

MANDATORY = (
    *("classification", "name", "code", "provider", "provider_code", "summary"),
    *("format_class", "formats", "share_type", "share_mode", "open", "cycle"),
    *("published_on", "grade", "responsible"),
)
LEAST_SUMMARY = 10  # characters; less says no more than the name
# What people write into a field because something must stand there.
_NOTHING = re.compile(
    r"(?:无|暂无|没有|空|不详|待定|待补充|其它|/|-|—|…|\.|。|、|？|\?|x|X|N/A|null|test|测试)+"
)
_SYSTEM = re.compile(
    r"(?:信息|管理|业务|办公|服务|应用|综合|申报|审批|监管)*(?:系统|平台|门户|网站|数据库|客户端|小程序|APP)"
    r"(?:\(?V?\d[\d.]*\)?)?$",
    re.IGNORECASE,
)
_COPY = re.compile(  # of a name in NFKC
    r"(?:副本|copy|\d+|\((?:副本|新|旧|copy|\d+|[一二三四五六七八九十]+)\))+$", re.IGNORECASE
)
# A law, a regulation of the State Council, or its decision (条例 809 article 15).
_LEGAL_BASIS = re.compile(r"《[^》]{2,}》|国令|国发|国办发|国务院.*决定")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


_WORDS_FILE = Path(__file__).with_name("lint.yml")
_CHINESE = re.compile("[\u3400-\u9fff]")
_LENGTH = re.compile(r"[1-9]\d{0,5}(?:,\d{1,2})?")


@dataclass(frozen=True)
class CatalogueFault:
    """One thing that is wrong with an entry: where, what, and how to mend it, in Chinese."""

    origin: str
    name: str
    field: str  # official title
    rule: str  # key of lint.yml
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.origin}（{self.name or '未命名'}）{self.field}：{self.problem}{self.remedy}"


@dataclass(frozen=True)
class _Said:
    """What a rule says: the field's title, its key in lint.yml, and what stands in its words."""

    field: str
    rule: str
    text: str = ""
    kind: str = ""
    allowed: Iterable[str] = ()


_Rule = Callable[[Entry, Mapping[str, str], date], Iterator[_Said]]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    words: Mapping[str, Mapping[str, str]] = yaml.safe_load(_WORDS_FILE.read_text("utf-8"))
    return words


def lint(entries: Sequence[Entry], today: date) -> list[CatalogueFault]:
    """Everything that is wrong with entries, in their order.

    Args:
        entries: Of one catalogue; codes and names are compared among them.
        today: Nothing can be published later.
    """
    faults = []
    for entry in entries:
        texts = dict(zip(TITLES, texts_of(entry).values(), strict=True))
        filled = {
            field: "" if _NOTHING.fullmatch(text.strip()) else text for field, text in texts.items()
        }
        said = [*_missing(texts), *(one for rule in _RULES for one in rule(entry, filled, today))]
        faults += [_fault(entry, one) for one in said]
    return faults + [_fault(entry, said) for entry, said in _among(entries)]


def _fault(entry: Entry, said: _Said) -> CatalogueFault:
    filled = {"text": said.text, "kind": said.kind, "allowed": JOINED_BY.join(said.allowed)}
    told = {key: words.format(**filled) for key, words in _words()[said.rule].items()}
    return CatalogueFault(entry.origin, entry.name, said.field, said.rule, **told)


def _missing(texts: Mapping[str, str]) -> Iterator[_Said]:
    for field in MANDATORY:
        text = texts[field].strip()
        if not text:
            yield _Said(TITLES[field], "MISSING")
        elif _NOTHING.fullmatch(text):
            yield _Said(TITLES[field], "PLACEHOLDER", text)


def _named(entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    name, summary = entry.name, texts["summary"].strip()
    if _SYSTEM.search(_nfkc(name)):
        yield _Said(TITLES["name"], "SYSTEM_AS_NAME")
    if name != name.strip() or re.search(r"\s{2,}|[\t\r\n]", name):
        yield _Said(TITLES["name"], "BLANKS_IN_NAME")
    short = len(summary) < LEAST_SUMMARY or _plain(summary) == _plain(name)
    if summary and short:
        yield _Said(TITLES["summary"], "EMPTY_SUMMARY")


def _code(entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    code = texts["code"]
    if code and not CODE.fullmatch(code):
        yield _Said(TITLES["code"], "BAD_CODE", code)
    elif code and entry.classification and CLASSES[code[0]] != entry.classification[0]:
        yield _Said(TITLES["code"], "CODE_OF_ANOTHER_CLASS", CLASSES[code[0]])


def _provider(_entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    code = texts["provider_code"]
    if code and not is_uscc(code):
        yield _Said(TITLES["provider_code"], "BAD_PROVIDER_CODE")


def _form(entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    kind = entry.format_class
    allowed = FORMATS.get(kind)
    if kind and allowed is None:
        yield _Said(TITLES["format_class"], "UNKNOWN_FORMAT", kind, allowed=FORMATS)
    known = {each.lower() for each in allowed or ()}
    strange = JOINED_BY.join(each for each in entry.formats if each.lower() not in known)
    if allowed is not None and strange:
        yield _Said(TITLES["formats"], "FORMAT_OF_ANOTHER_CLASS", strange, kind, allowed)
    is_file = kind not in ("", "服务接口", "数据库")
    if is_file and texts["share_submode"] == "服务接口":
        yield _Said(TITLES["share_submode"], "FILE_AS_SERVICE")


def _shared(_entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    kind, condition = texts["share_type"], texts["share_condition"].strip()
    if kind and kind not in SHARE_TYPES.values():
        yield _Said(TITLES["share_type"], "UNKNOWN_SHARE_TYPE", kind, allowed=SHARE_TYPES.values())
    elif kind == SHARE_TYPES["conditional"] and not condition:
        yield _Said(TITLES["share_condition"], "NO_CONDITION")
    elif kind == SHARE_TYPES["none"] and not _LEGAL_BASIS.search(condition):
        yield _Said(TITLES["share_condition"], "NO_LEGAL_BASIS")
    elif kind == SHARE_TYPES["unconditional"] and condition:
        yield _Said(TITLES["share_condition"], "CONDITION_OF_UNCONDITIONAL")


def _moved(_entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    mode, submode = texts["share_mode"], texts["share_submode"]
    modes = SHARE_MODES.get(mode)
    if mode and modes is None:
        yield _Said(TITLES["share_mode"], "UNKNOWN_SHARE_MODE", mode, allowed=SHARE_MODES)
    elif modes and submode not in modes:
        yield _Said(TITLES["share_submode"], "UNKNOWN_SHARE_MODE", submode, allowed=modes)


def _opened(entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    if texts["open"] not in ("0", "1", ""):
        yield _Said(TITLES["open"], "UNKNOWN_OPEN", texts["open"])
    if entry.is_open and texts["share_type"] == SHARE_TYPES["none"]:
        yield _Said(TITLES["open"], "OPEN_BUT_NOT_SHARED")
    private = [e.name for e in entry.items if e.sensitivity in ("personal", "sensitive")]
    if entry.is_open and private:
        yield _Said(TITLES["open"], "OPEN_PERSONAL_DATA", JOINED_BY.join(private))


def _listed(_entry: Entry, texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    for field, allowed in (("cycle", CYCLES), ("grade", GRADES)):
        if texts[field] and texts[field] not in allowed:
            yield _Said(TITLES[field], "NOT_LISTED", texts[field], allowed=allowed)


def _dated(_entry: Entry, texts: Mapping[str, str], today: date) -> Iterator[_Said]:
    text = texts["published_on"]
    day = _day(text)
    if text and day is None:
        yield _Said(TITLES["published_on"], "BAD_DATE", text)
    elif day is not None and day > today:
        yield _Said(TITLES["published_on"], "DATE_AHEAD", text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _items(entry: Entry, _texts: Mapping[str, str], _today: date) -> Iterator[_Said]:
    if not entry.items:
        yield _Said(_ITEM, "NO_ITEMS")
    seen: set[str] = set()
    for item in entry.items:
        yield from _item(item, _plain(item.name) in seen)
        seen |= {_plain(item.name)} - {""}


def _item(item: Item, twice: bool) -> Iterator[_Said]:
    told = item.name.strip() or item.physical_name or "（空）"
    if not _CHINESE.search(item.name):
        yield _Said(_ITEM, "ITEM_WITHOUT_NAME", told)
    if twice:
        yield _Said(_ITEM, "ITEM_TWICE", told)
    if item.data_type not in DATA_TYPES:
        allowed = [f"{code} {word}" for code, word in DATA_TYPES.items()]
        yield _Said(_ITEM, "BAD_DATA_TYPE", told, item.data_type, allowed)
    if item.length and not _LENGTH.fullmatch(item.length):
        yield _Said(_ITEM, "LENGTH_NO_NUMBER", told, item.length)


_ITEM = "信息项"
_RULES: Sequence[_Rule] = (
    *(_named, _code, _provider, _form, _shared, _moved, _opened, _listed, _dated),
    _items,
)


def _among(entries: Sequence[Entry]) -> Iterator[tuple[Entry, _Said]]:
    """What is wrong with entries beside one another."""
    for first, *others in _groups(entries, lambda each: each.code):
        for entry in others:
            yield entry, _Said(TITLES["code"], "CODE_TWICE", first.name)
    for first, *others in _groups(entries, _base_name):
        for entry in others:
            rule = "SEVERAL_CODES" if _item_names(entry) == _item_names(first) else "NAME_TWICE"
            yield entry, _Said(TITLES["name"], rule, first.name)
    codes = {each.code for each in entries}
    for entry in entries:
        unknown = [code for code in entry.related if code not in codes]
        if unknown:
            yield entry, _Said(TITLES["related"], "UNKNOWN_RELATED", JOINED_BY.join(unknown))


def _item_names(entry: Entry) -> frozenset[str]:
    return frozenset(_plain(each.name) for each in entry.items)


def _base_name(entry: Entry) -> str:
    """Provider and name without what only tells copies apart; "" where nothing is left."""
    name = _plain(_COPY.sub("", _nfkc(entry.name)))
    return f"{_plain(entry.provider)}/{name}" if name else ""


def _groups(entries: Sequence[Entry], key: Callable[[Entry], str]) -> Iterator[list[Entry]]:
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if key(entry):
            grouped[key(entry)].append(entry)
    return (same for same in grouped.values() if len(same) > 1)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _plain(text: str) -> str:
    """Letters and digits alone, in one width and case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if each.isalnum())


def is_uscc(text: str) -> bool:
    """Whether a text is a social credit code with the right last character (GB 32100-2015)."""
    if len(text) != 18 or any(each not in BASE_31 for each in text):
        return False
    total = sum(BASE_31.index(c) * w for c, w in zip(text, MOD_31_WEIGHTS, strict=False))
    return BASE_31[(31 - total % 31) % 31] == text[17]
