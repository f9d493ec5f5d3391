"""Data errors as clerks, keyboards and spreadsheets make them: one function per kind.

Each is registered under ``element.kind`` of ``rates.py``; it takes the texts that were chosen and
gives back as many. One may be left as it is where its kind of dirt cannot occur.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from pipelines.demo.dirt import forms
from pipelines.demo.rates import RATES
from pipelines.demo.text import to_matrix
from pipelines.demo.world import checks

Texts = list[str]
Spoiler = Callable[[Texts, np.random.Generator], Texts]
SPOILERS: dict[tuple[str, str], Spoiler] = {}


def _spoils(*pairs: str) -> Callable[[Spoiler], Spoiler]:
    """Register a spoiler under ``element.kind`` names."""

    def register(spoiler: Spoiler) -> Spoiler:
        for pair in pairs:
            element, kind = pair.split(".")
            SPOILERS[element, kind] = spoiler
        return spoiler

    return register


def _each(change: Callable[[str], str], *pairs: str) -> None:
    """Register a change that needs no chance."""
    _spoils(*pairs)(lambda texts, _rng: [change(text) if text else text for text in texts])


def _one_of(values: Sequence[str], *pairs: str) -> None:
    """Register a spoiler that writes one of the values, whatever was there."""
    _spoils(*pairs)(
        lambda texts, rng: [values[i] for i in rng.integers(0, len(values), len(texts))]
    )


def _at(text: str, chance: float) -> int:
    return min(int(chance * len(text)), len(text) - 1)


def _replace_at(text: str, place: int, sign: str) -> str:
    return text[:place] + sign + text[place + 1 :]


def _changed(text: str, rewrite: Callable[[str, str], str], shapes: Sequence[str]) -> str:
    """The text in the first of the shapes that it does not have already."""
    written = (rewrite(text, shape) for shape in shapes)
    return next((other for other in written if other != text), text)


# ---- what happens to any text ----

for _element in RATES:
    if "missing" in RATES[_element]:
        _each(lambda _: "", f"{_element}.missing")
_each(str.lower, "citizen_id.lower_case_x", "uscc.lower_case", "organization_code.lower_case")
_each(str.lower, "license_identifier.lower_case")
_each(forms.full_width, "citizen_id.full_width", "uscc.full_width", "address.full_width")


@_spoils("citizen_id.typo", "uscc.typo", "organization_code.typo", "registration_number.typo")
@_spoils("license_identifier.typo")
def _one_digit_wrong(texts: Texts, rng: np.random.Generator) -> Texts:
    """Change the last digit among the final four: the check does not hold any more."""
    shifts = rng.integers(1, 10, len(texts))
    wrong = []
    for text, shift in zip(texts, shifts, strict=True):
        place = next((i for i in range(len(text) - 1, -1, -1) if text[i].isdigit()), None)
        sign = "" if place is None else str((int(text[place]) + int(shift)) % 10)
        wrong.append(text if place is None else _replace_at(text, place, sign))
    return wrong


# ---- identifiers ----

_each(lambda text: text.replace("X", "Х"), "citizen_id.cyrillic_x")
_each(lambda text: f"{text[:6]} {text[6:14]} {text[14:]}", "citizen_id.inner_spaces")
_each(lambda text: f"{text[:8]} {text[8:]}", "uscc.inner_spaces")
_each(
    lambda text: text[:6] + text[8:17] if text[6:8] == "19" else text, "citizen_id.fifteen_digits"
)
_each(forms.scientific, "citizen_id.scientific", "registration_number.scientific")
_each(lambda text: text[:15] + "000", "citizen_id.precision_loss")
_each(lambda text: text[:4] + "**********" + text[14:], "citizen_id.masked")
_one_of(
    ("无", "不详", "未知", "000000000000000000", "111111111111111111", "999999999999999999", "-"),
    "citizen_id.placeholder",
)
_one_of(("无", "000000000000000000", "N/A", "暂无"), "uscc.placeholder")
_each(lambda text: text[8:17], "uscc.organization_code_only")
_each(lambda text: text.replace("0", "O", 1).replace("1", "I", 1), "uscc.letter_for_digit")
_each(lambda text: f"{text[:8]}-{text[8:]}", "organization_code.hyphen")


@_spoils("citizen_id.wrong_length", "mobile.wrong_length", "phone.wrong_length")
def _wrong_length(texts: Texts, rng: np.random.Generator) -> Texts:
    """Lose a character somewhere after the first six."""
    places = [
        6 + _at(text[6:], chance)
        for text, chance in zip(texts, rng.random(len(texts)), strict=True)
    ]
    return [text[:place] + text[place + 1 :] for text, place in zip(texts, places, strict=True)]


@_spoils("citizen_id.somebody_else")
def _somebody_else(texts: Texts, _rng: np.random.Generator) -> Texts:
    """Everybody chosen gets the number of the next one chosen."""
    return texts[1:] + texts[:1]


@_spoils("citizen_id.impossible_birth")
def _impossible_birth(texts: Texts, _rng: np.random.Generator) -> Texts:
    """Born on 30 February, with a check digit that holds."""
    if not texts:
        return texts
    first17 = pa.array([f"{text[:10]}0230{text[14:17]}" for text in texts], pa.string())
    usable = np.array([len(text) == 17 and text.isdigit() for text in first17.to_pylist()])
    if not usable.all():
        return texts
    check = checks.citizen_id_check(to_matrix(first17, 17))
    return [text + chr(sign) for text, sign in zip(first17.to_pylist(), check, strict=True)]


@_spoils("license_identifier.nonconforming")
def _letters_from_one(texts: Texts, _rng: np.random.Generator) -> Texts:
    """The published variant that counts letters from A=11 (domain.md, trap 4)."""
    return [forms.nonconforming_identifier(text) if text else text for text in texts]


# ---- names ----

_DOTS = ("•", "・", "．", ".", "‧", "∙", "･", "⋅", " ")


@_spoils("person_name.dot_variant")
def _dot_variant(texts: Texts, rng: np.random.Generator) -> Texts:
    chosen = rng.integers(0, len(_DOTS), len(texts))
    return [text.replace("·", _DOTS[i]) for text, i in zip(texts, chosen, strict=True)]


@_spoils("person_name.html_entity")
def _html_entity(texts: Texts, rng: np.random.Generator) -> Texts:
    forms_of_dot = ("&middot;", "&#183;", "&#xB7;")
    chosen = rng.integers(0, 3, len(texts))
    return [text.replace("·", forms_of_dot[i]) for text, i in zip(texts, chosen, strict=True)]


@_spoils("person_name.lost_character")
def _lost_character(texts: Texts, rng: np.random.Generator) -> Texts:
    """Rare characters become ?, □ or a character of the private-use area."""
    chosen = rng.integers(0, 4, len(texts))
    return [
        forms.lose_rare(text, ("?", "□", "？", "\ue863")[i])
        for text, i in zip(texts, chosen, strict=True)
    ]


@_spoils("person_name.spaces", "organization_name.spaces", "address.spaces")
def _spaces(texts: Texts, rng: np.random.Generator) -> Texts:
    places = rng.random(len(texts))
    signs = rng.choice([" ", "　", "  ", "\u00a0"], len(texts))
    return [
        text[: max(1, _at(text, place))] + str(sign) + text[max(1, _at(text, place)) :]
        if len(text) > 1
        else text
        for text, place, sign in zip(texts, places, signs, strict=True)
    ]


@_spoils("person_name.homophone", "organization_name.homophone")
def _homophone(texts: Texts, _rng: np.random.Generator) -> Texts:
    return [forms.homophone(text) for text in texts]


_each(forms.traditional, "person_name.traditional")


@_spoils("person_name.two_people")
def _two_people(texts: Texts, rng: np.random.Generator) -> Texts:
    partners = [*texts[1:], "李小明"][: len(texts)]
    signs = rng.choice(["、", ",", "/", ";", " "], len(texts))
    return [
        f"{text}{sign}{next_}" for text, sign, next_ in zip(texts, signs, partners, strict=True)
    ]


_each(forms.half_width_brackets, "organization_name.half_width_brackets")
_each(lambda text: text.removeprefix("云州市").removeprefix("云州"), "organization_name.no_region")


@_spoils("organization_name.former_name")
def _former_name(texts: Texts, rng: np.random.Generator) -> Texts:
    """The name with an earlier one behind it; where none comes to mind, nothing."""
    chosen = rng.integers(0, 3, len(texts))
    shapes = ("{}（原{}）", "{}(原名:{})", "{}（曾用名：{}）")
    pairs = [(text, forms.homophone(text)) for text in texts]
    return [
        shapes[i].format(now, before) if now != before else now
        for (now, before), i in zip(pairs, chosen, strict=True)
    ]


# ---- codes ----

_each(forms.other_sex, "sex_code.mismatch")
_one_of(("3", "保密", "X", "未知性别人士"), "sex_code.unknown_code")
_one_of(("0", "9"), "sex_code.not_stated")
_one_of(("外族", "99", "60", "华人"), "ethnicity_code.unknown_code")
_each(forms.short_ethnicity, "ethnicity_code.other_form")
_one_of(("5", "99", "再离"), "marital_code.unknown_code")
_one_of(("139999", "999999", "130699"), "region_code.unknown_code")
_one_of(("130600", "130000"), "region_code.not_county")
_each(forms.former_region, "region_code.abolished")
_each(forms.status_synonym, "entity_status.other_form")
_one_of(("11", "登记中转", "？"), "entity_status.unknown_code")
_each(lambda text: text[1:] if text[:1].isalpha() else text, "industry_code.no_section")
_one_of(("Z9999", "0000", "J6999"), "industry_code.unknown_code")
_one_of(("88", "待定", "？"), "license_status.unknown_code")
_one_of(("01", "法人", "9"), "holder_type.unknown_code")


# ---- dates ----

_one_of(("00000000", "不详", "0000-00-00", "1900-01-00"), "birth_date.placeholder")
_one_of(("00000000", "不详", "0000-00-00"), "date.placeholder")
_one_of(("1753-01-01", "1801-05-12"), "birth_date.implausible")


@_spoils("birth_date.other_form", "date.other_form")
def _other_form(texts: Texts, rng: np.random.Generator) -> Texts:
    chosen = rng.integers(0, len(forms.DATE_FORMS), len(texts))
    return [
        _changed(text, forms.rewrite_date, (forms.DATE_FORMS[i], forms.DATE_FORMS[i - 1]))
        for text, i in zip(texts, chosen, strict=True)
    ]


@_spoils("timestamp.other_form")
def _other_timestamp(texts: Texts, rng: np.random.Generator) -> Texts:
    shapes = ("{y}/{m}/{d} 08:30", "{y:04}{m:02}{d:02}083000", "{y:04}-{m:02}-{d:02}T08:30:00")
    chosen = rng.integers(0, len(shapes), len(texts))
    return [forms.rewrite_date(text, shapes[i]) for text, i in zip(texts, chosen, strict=True)]


@_spoils("birth_date.excel_serial", "date.excel_serial")
def _excel_serial(texts: Texts, _rng: np.random.Generator) -> Texts:
    return [forms.excel_serial(text) for text in texts]


_each(lambda text: forms.with_day(text, "0230"), "birth_date.impossible")
_each(lambda text: forms.with_day(text, "1305"), "date.impossible")
_each(lambda text: forms.with_year(text, 2062), "birth_date.future", "date.future")


@_spoils("birth_date.mismatch")
def _another_day(texts: Texts, rng: np.random.Generator) -> Texts:
    """A birth date that is some days or exactly a year off."""
    shifts = rng.choice([-365, -31, -10, 1, 9, 29, 365], len(texts))
    return [forms.shift_date(text, int(shift)) for text, shift in zip(texts, shifts, strict=True)]


# ---- contact and money ----

_one_of(("云州市", "本市", "同上", "示范省"), "address.too_short")
_each(lambda text: text.replace("号", "号&nbsp;", 1), "address.html_entity")
_one_of(("11111111111", "00000000000", "13800000000", "无"), "mobile.placeholder")
_one_of(("00000000", "无", "-", "1"), "phone.placeholder")
_each(lambda text: f"{text[:3]}-{text[3:7]}-{text[7:]}", "mobile.separated")
_each(lambda text: f"{text}/{text[:-1]}8", "mobile.two_numbers")


@_spoils("mobile.country_code", "phone.country_code")
def _country_code(texts: Texts, rng: np.random.Generator) -> Texts:
    heads = rng.choice(["+86", "+86 ", "86-", "0086"], len(texts))
    return [head + text for head, text in zip(heads, texts, strict=True)]


_one_of(("N/A", "-", "0", "无"), "money.placeholder")


@_spoils("money.other_form")
def _other_money(texts: Texts, rng: np.random.Generator) -> Texts:
    chosen = rng.integers(0, len(forms.MONEY_FORMS), len(texts))
    return [
        _changed(text, forms.rewrite_money, (forms.MONEY_FORMS[i], forms.MONEY_FORMS[i - 1]))
        for text, i in zip(texts, chosen, strict=True)
    ]


@_spoils("money.foreign_currency")
def _foreign_currency(texts: Texts, rng: np.random.Generator) -> Texts:
    shapes = ("{ten}万美元", "{ten}万元港元", "{ten}(万欧元)", "{ten}万日元", "{ten}万元(美元)")
    chosen = rng.integers(0, len(shapes), len(texts))
    return [forms.rewrite_money(text, shapes[i]) for text, i in zip(texts, chosen, strict=True)]
