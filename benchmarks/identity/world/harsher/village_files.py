"""What six departments have on file about the people of ``villages``, slips and all.

Error model in words. The **police** know everybody, with number, true birth date and the address
down to the group or house. The **rural insurance** and the **allowances office** copy numbers by
hand: one in seventy has letters for digits that look like them (O for 0, Z for 2), one in eighty a
wrong digit, a few are a relative's. The **allowances office** asks the old for their birthday,
which they keep by the traditional calendar, or for their age, in which the year of birth counts as
one (虚岁). The **hospital**, the **village's list** and the **couriers** have no numbers at all.
The hospital has some people twice. The village's list calls a few by the name that they have at
home and ends every address at the group. Couriers have a name, a telephone and an address: a
tenth of the names are forms of address (王先生, 老王, 王某某), some home names. Groups are written
三组, 3组, 第3村民小组, 3队 or 三社; town, village, group or house are left out at random.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world import lunar
from benchmarks.identity.world.codepoints import (
    Bools,
    Ints,
    Texts,
    join,
    number,
    to_matrix,
    to_texts,
    where,
)
from benchmarks.identity.world.departments import FileOf
from benchmarks.identity.world.harsher.villages import (
    Villages,
    make_villages,
    titles,
    village_words,
)
from benchmarks.identity.world.people import REGIONS, People
from benchmarks.identity.world.person_files import (
    change_times,
    date_parts,
    date_texts,
    mistype_number,
    mobiles_on_file,
    names_on_file,
    relatives_of,
    sexes_on_file,
)
from benchmarks.identity.world.places import Homes, make_homes
from benchmarks.identity.world.planted import Slips
from benchmarks.identity.world.rates import PERSON_TRAITS, Slip
from benchmarks.identity.world.words import pairs

VILLAGE_COLUMNS = {
    "public_security__residents": "key number name sex ethnicity birth region address changed",
    "medical_insurance__rural_insured": "key number name sex birth mobile address changed",
    "civil_affairs__allowances": "key number name sex ethnicity birth address mobile changed",
    "health__outpatients": "key name sex birth mobile address changed",
    "agriculture__village_rolls": "key name sex birth mobile address changed",
    "transport__parcels": "key name mobile address changed",
}
# Police, insurance, allowances, hospital, village list, couriers. Shares are assumptions.
VILLAGE_SLIPS: Mapping[str, Slip] = {
    "no_number": Slip((0.001, 0.02, 0.02, 1.0, 1.0, 1.0), "left empty"),
    "letters_in_number": Slip((0.0, 0.014, 0.014, 0.0, 0.0, 0.0), "read from handwriting"),
    "mistyped_number": Slip((0.0, 0.010, 0.012, 0.0, 0.0, 0.0), "one digit, or two exchanged"),
    "relatives_number": Slip((0.0, 0.002, 0.003, 0.0, 0.0, 0.0), "the householder's"),
    "strangers_number": Slip((0.0, 0.0005, 0.001, 0.0, 0.0, 0.0), "the line above"),
    "former_name": Slip((0.0, 0.3, 0.4, 0.4, 0.6, 0.5), "of those renamed"),
    "homophone": Slip((0.0003, 0.004, 0.005, 0.010, 0.015, 0.010), "taken down by ear"),
    "look_alike": Slip((0.0003, 0.003, 0.003, 0.004, 0.002, 0.002), "typed from handwriting"),
    "traditional": Slip((0.001, 0.002, 0.002, 0.001, 0.002, 0.001), "old systems"),
    "lost_character": Slip((0.1, 0.4, 0.4, 0.5, 0.5, 0.3), "of rare characters"),
    "dot_form": Slip((0.02, 0.3, 0.3, 0.5, 0.4, 0.5), "another dot, a blank, none"),
    "abbreviated": Slip((0.0, 0.03, 0.03, 0.08, 0.10, 0.25), "the given name alone, or cut"),
    "other_transliteration": Slip((0.0, 0.05, 0.05, 0.08, 0.10, 0.06), "买 for 麦"),
    "home_name": Slip((0.0, 0.004, 0.008, 0.008, 0.03, 0.02), "what they are called at home"),
    "form_of_address": Slip((0.0, 0.0, 0.0, 0.008, 0.008, 0.10), "王先生, 老王, 王某某"),
    "lunar_date": Slip((0.001, 0.02, 0.10, 0.06, 0.25, 0.0), "of those born before 1980"),
    "nominal_age": Slip((0.0, 0.005, 0.05, 0.05, 0.08, 0.0), "虚岁; born before 1980"),
    "mistyped_date": Slip((0.0002, 0.003, 0.003, 0.005, 0.004, 0.0), "one digit"),
    "no_date": Slip((0.0, 0.01, 0.03, 0.10, 0.15, 1.0), "left empty"),
    "wrong_sex": Slip((0.0001, 0.001, 0.001, 0.003, 0.002, 0.0), "the box beside it"),
    "no_sex": Slip((0.0, 0.005, 0.005, 0.03, 0.05, 1.0), "left empty"),
    "former_home": Slip((0.5, 0.3, 0.3, 0.3, 0.1, 0.1), "of those who moved"),
    "no_address": Slip((0.002, 0.05, 0.03, 0.06, 0.02, 0.02), "left empty"),
    "bare_address": Slip((0.0, 0.5, 0.5, 0.7, 0.9, 0.3), "without province, city, county"),
    "no_town": Slip((0.0, 0.2, 0.2, 0.4, 0.5, 0.2), "of villages: 乡镇 left out"),
    "no_house": Slip((0.0, 0.3, 0.2, 0.4, 1.0, 0.5), "of villages: ends at the group"),
    "no_group": Slip((0.0, 0.02, 0.02, 0.05, 0.0, 0.15), "of villages: ends at the village"),
    "no_mobile": Slip((1.0, 0.06, 0.08, 0.06, 0.08, 0.0), "left empty"),
    "former_mobile": Slip((0.0, 0.2, 0.25, 0.15, 0.3, 0.03), "of those who changed it since"),
    "household_mobile": Slip((0.0, 0.05, 0.06, 0.08, 0.05, 0.06), "a relative's"),
}  # fmt: skip
_TRAITS = (*PERSON_TRAITS, "rural")
VILLAGE_TAGS: Sequence[str] = tuple(dict.fromkeys([*_TRAITS, *VILLAGE_SLIPS]))
_DUPLICATED = (0.0, 0.002, 0.002, 0.08, 0.0, 0.25)
_HAN_DIGITS = np.array(["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"])
_LIKE_DIGITS = {"0": "O", "1": "l", "2": "Z", "5": "S", "8": "B"}


def villages_files(persons: int, seed: int) -> Iterator[FileOf]:
    """The files of a world, one after another."""
    villages = make_villages(persons, seed)
    people = villages.people
    regions = np.zeros(len(villages.village), dtype=np.int64)
    regions[people.home] = people.region
    half = len(regions) // 2
    regions[half:] = regions[:half]
    homes = make_homes(regions, seed)
    for department, source in enumerate(VILLAGE_COLUMNS):
        yield _file(villages, homes, department, source)


@dataclass(frozen=True)
class _Called:
    """What a file calls its people, and how: by name, by a home name, by a form of address."""

    name: Texts
    kind: Texts


def _file(villages: Villages, homes: Homes, department: int, source: str) -> FileOf:
    people = villages.people
    rng = np.random.default_rng([people.seed, 80 + department])
    who = _covered(villages, department, rng)
    slips = Slips(rng, department, len(who), VILLAGE_SLIPS, VILLAGE_TAGS)
    for trait, mask in (*people.traits.items(), ("rural", villages.rural)):
        slips.mark(trait, mask[who])
    called = _called(people, who, slips)
    place, address = _addresses(villages, homes, who, slips)
    kept, birth = _dates(people.birth[who], slips, department)
    mobile = mobiles_on_file(people, who, slips)
    made = {
        "key": join("PICHVT"[department], number(rng.permutation(len(who)) + 1, 8)),
        "number": _numbers(people, who, slips),
        "name": called.name,
        "birth": birth,
        "sex": sexes_on_file(people, who, slips, department % 5),
        "ethnicity": number(people.ethnicity[who], 2),
        "region": number(REGIONS[people.region[who]], 6),
        "address": address,
        "mobile": mobile,
        "changed": change_times(len(who), rng),
    }
    groups = {
        "called": called.kind,
        "place": place,
        "birthday": kept,
        "telephone": _whose(people, who, mobile),
        "name": where(people.traits["dotted_name"][who], "with ·", "without"),
    }
    columns = {column: made[column] for column in VILLAGE_COLUMNS[source].split()}
    return FileOf(source, columns, who, slips.bits, groups)


def _covered(villages: Villages, department: int, rng: np.random.Generator) -> Ints:
    """Who is on file, some twice, in no order."""
    people, age, n = villages.people, villages.people.age, len(villages.people)
    grown = age >= 16
    share = (
        np.where(people.traits["newcomer"] | people.traits["unregistered"], 0.0, 0.985),
        np.where(villages.rural, 0.85, 0.6),
        np.where(age >= 55, 0.55, 0.12),
        np.where((age < 7) | (age > 60), 0.7, 0.45),
        np.where(villages.rural, 0.8, 0.0),
        np.where(grown, 0.4, 0.0),
    )[department]
    on_file = rng.random(n) < share
    again = on_file & (rng.random(n) < _DUPLICATED[department])
    return rng.permutation(np.concatenate([np.flatnonzero(on_file), np.flatnonzero(again)]))


def _numbers(people: People, who: Ints, slips: Slips) -> Texts:
    rng = slips.rng
    numbers = people.number[who].astype("U20")
    relative = relatives_of(people, who)
    kinds = ("letters_in_number", "mistyped_number", "relatives_number", "strangers_number")
    one = slips.draw_one(kinds, {"relatives_number": relative >= 0})
    mistype_number(numbers, one["mistyped_number"], rng, 18)
    _write_letters(numbers, one["letters_in_number"], rng)
    stranger = rng.integers(0, len(people), len(who))
    for kind, owner in (("relatives_number", relative), ("strangers_number", stranger)):
        numbers[one[kind]] = people.number[owner[one[kind]]]
    none = slips.draw("no_number") | people.traits["unregistered"][who]
    numbers[none] = ""
    return numbers


def _write_letters(numbers: Texts, rows: Bools, rng: np.random.Generator) -> None:
    """One or two of the digits as the letters that they look like."""
    matrix = to_matrix(numbers[rows], 18)
    for chance in (1.0, 0.5):
        alike = np.isin(matrix[:, :17], [ord(digit) for digit in _LIKE_DIGITS])
        place = np.where(alike, rng.random(alike.shape), -1.0).argmax(axis=1)
        at = np.arange(len(matrix))
        chosen_too = rng.random(len(matrix)) < chance
        for digit, letter in _LIKE_DIGITS.items():
            chosen = chosen_too & (matrix[at, place] == ord(digit))
            matrix[at[chosen], place[chosen]] = ord(letter)
    numbers[rows] = to_texts(matrix)


def _called(people: People, who: Ints, slips: Slips) -> _Called:
    name = names_on_file(people, who, slips)
    plain = ~people.traits["dotted_name"][who] & ~people.traits["long_name"][who]
    one = slips.draw_one(("home_name", "form_of_address"), {"form_of_address": plain})
    own = to_texts(people.name)[who]
    for kind, call in (("home_name", _at_home), ("form_of_address", _in_address)):
        for at in np.flatnonzero(one[kind]):
            name[at] = call(str(own[at]), bool(people.male[who[at]]), slips.rng)
    kinds = np.select(
        [one["home_name"], one["form_of_address"]], ["home name", "form of address"], "name"
    )
    return _Called(name, kinds)


def _pick(several: Sequence[str], rng: np.random.Generator) -> str:
    return several[int(rng.integers(len(several)))]


def _at_home(name: str, _male: bool, rng: np.random.Generator) -> str:
    """强强, 小强, 王老三, or a word that has nothing to do with the name."""
    last = name[-1]
    rank = name[0] + "老" + _pick("大二三四五", rng)
    plain = "·" not in name
    own = [last * 2, f"小{last}", rank] if plain else [name.split("·")[0]]
    return _pick(own, rng) if rng.random() < 0.5 else _pick(village_words("pet_names"), rng)


def _in_address(name: str, male: bool, rng: np.random.Generator) -> str:
    """王先生, 老王, 小王, 阿强, 王某某."""
    surname, last = name[0], name[-1]
    titled = surname + _pick(titles("male" if male else "female"), rng)
    others = [f"老{surname}", f"小{surname}", f"阿{last}", f"{surname}某某", f"{surname}某"]
    return titled if rng.random() < 0.6 else _pick(others, rng)


def _dates(birth: NDArray[np.datetime64], slips: Slips, department: int) -> tuple[Texts, Texts]:
    """How the birthday is kept, and its text."""
    year, month, day = date_parts(birth)
    old = {"lunar_date": year < 1980, "nominal_age": year < 1980}
    one = slips.draw_one(("lunar_date", "nominal_age", "mistyped_date"), old)
    none = slips.draw("no_date")
    moon = lunar.as_solar(birth)
    by_moon = one["lunar_date"] | (one["nominal_age"] & (slips.rng.random(len(birth)) < 0.6))
    year, month, day = (
        np.where(by_moon, its, ours) for its, ours in zip(moon, (year, month, day), strict=True)
    )
    year = np.where(one["nominal_age"], year - 1, year)
    wrong = one["mistyped_date"]
    day = np.where(wrong, day % 28 + 1, day)
    last = np.where(month == 2, 28, np.where(np.isin(month, [4, 6, 9, 11]), 30, 31))
    text = date_texts(year, month, np.minimum(day, last), department % 5)
    kept = np.select(
        [none, one["lunar_date"], one["nominal_age"], wrong],
        ["not given", "lunar", "by 虚岁", "mistyped"], "right",
    )  # fmt: skip
    return kept, where(none, "", text)


def _whose(people: People, who: Ints, mobile: Texts) -> Texts:
    """Whose telephone a record gives: his own, one that he gave up, or a relative's."""
    own = mobile == number(people.mobile[who], 11)
    once = mobile == number(people.former_mobile[who], 11)
    return np.select([mobile == "", own, once], ["none", "own", "given up"], "a relative's")


def _addresses(villages: Villages, homes: Homes, who: Ints, slips: Slips) -> tuple[Texts, Texts]:
    """The kind of place that is written, and its text."""
    people = villages.people
    former = slips.draw("former_home", people.traits["moved"][who])
    home = np.where(former, people.former_home[who], people.home[who])
    rural = villages.village[home] >= 0
    bare, none = slips.draw("bare_address"), slips.draw("no_address")
    short = slips.rng.random(len(who)) < 0.15
    homes.rural[:] = False
    in_town = homes.written(home, bare, short)
    parts = {tag: slips.draw(tag, rural) for tag in ("no_town", "no_house", "no_group")}
    in_village = _in_village(villages, home, parts, slips)
    county = np.array(pairs("counties"))[homes.region[home]]
    in_village = join(where(bare, "", join("鲁东省东江市", county)), in_village)
    housed = (villages.house[home] > 0) & ~parts["no_house"]
    place = np.select(
        [none, ~rural, housed, parts["no_group"]],
        ["none", "house in town", "house in a village", "village"], "group",
    )  # fmt: skip
    return place, where(none, "", where(rural, in_village, in_town))


def _in_village(villages: Villages, home: Ints, parts: Mapping[str, Bools], slips: Slips) -> Texts:
    village, group = villages.village[home], villages.group[home]
    house = number(villages.house[home])
    town = where(parts["no_town"], "", villages.town[village])
    sign = slips.rng.random(len(home)) < 0.7
    written = where(sign, join(house, "号"), house)
    gone = parts["no_house"] | (villages.house[home] == 0)
    group_text = where(parts["no_group"], "", _group_texts(group, slips))
    return join(town, villages.name[village], group_text, where(gone, "", written))


def _group_texts(group: Ints, slips: Slips) -> Texts:
    """三组, 3组, 第3村民小组, 3队, 三社; a department has its favourite."""
    digits, words_ = number(group), _HAN_DIGITS[np.minimum(group, 10)]
    forms = [
        join(digits, "组"), join(words_, "组"), join("第", digits, "村民小组"),
        join(digits, "队"), join(words_, "社"),
    ]  # fmt: skip
    free = slips.rng.integers(0, len(forms), len(group))
    usual = slips.rng.random(len(group)) < 0.6
    kind = np.where(usual, slips.department % len(forms), free)
    return np.asarray(np.choose(kind, forms))
