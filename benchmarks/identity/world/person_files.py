"""What five departments have on file about the people, slips and all."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world import lunar
from benchmarks.identity.world.codepoints import (
    Bools,
    Ints,
    Matrix,
    Texts,
    close_up,
    join,
    lengths,
    number,
    swap_all,
    swap_one,
    table_of,
    to_matrix,
    to_texts,
    where,
)
from benchmarks.identity.world.departments import PERSON_COLUMNS, FileOf
from benchmarks.identity.world.numbers_of_people import TODAY
from benchmarks.identity.world.people import (
    FORMER_REGIONS,
    REGIONS,
    People,
)
from benchmarks.identity.world.places import Homes, make_homes
from benchmarks.identity.world.planted import PERSON_TAGS, Slips
from benchmarks.identity.world.rates import DUPLICATED, MISTYPED_15_DIGITS, PERSON_SLIPS
from benchmarks.identity.world.words import characters, pairs, words, zipf

PERSONS_A_CLERK = 30_000
_PLACEHOLDERS = np.array(
    ["000000000000000000", "111111111111111111", "123456789012345678", "无", "不详", "0"]
)
_DOTS = np.array([ord(c) for c in "•.．・‧ "] + [0], dtype=np.uint32)
_LOST = np.array([ord(c) for c in "?□"] + [0xE5E5], dtype=np.uint32)
_CUT_NAME = 8  # characters that some systems have for a name


def person_files(people: People) -> Iterator[FileOf]:
    """The files one after another: a large population is several gigabytes of text."""
    regions = np.zeros(2 * (people.household[-1] + 1), dtype=np.int64)
    regions[people.household] = people.region
    half = len(regions) // 2
    regions[half:] = regions[:half]
    homes = make_homes(regions, people.seed)
    for department, source in enumerate(PERSON_COLUMNS):
        yield _file(people, homes, department, source)


def _file(people: People, homes: Homes, department: int, source: str) -> FileOf:
    rng = np.random.default_rng([people.seed, 10 + department])
    who = _covered(people, department, rng)
    slips = Slips(rng, department, len(who), PERSON_SLIPS, PERSON_TAGS)
    for trait, mask in people.traits.items():
        slips.mark(trait, mask[who])
    wanted = PERSON_COLUMNS[source].split()
    numbers, birth = _numbers(people, who, slips)
    made = {
        "key": _keys(len(who), department, rng),
        "number": numbers,
        "name": names_on_file(people, who, slips),
        "birth": _dates(birth, slips, department),
        "sex": sexes_on_file(people, who, slips, department),
        "ethnicity": number(people.ethnicity[who], 2),
        "region": _regions(people, who, slips),
        "address": _addresses(people, homes, who, slips),
        "mobile": mobiles_on_file(people, who, slips),
        "employer": _employers(people, who, rng, department),
        "school": _schools(people, who),
        "changed": change_times(len(who), rng),
    }
    columns = {column: made[column] for column in wanted}
    return FileOf(source, columns, who, slips.bits, _groups(people, who))


def _groups(people: People, who: Ints) -> Mapping[str, Texts]:
    """For whom the result is told apart: nobody should be linked worse than others unseen."""
    bands = np.array(["0–6", "7–17", "18–29", "30–49", "50–64", "65+"])
    length = lengths(people.name[who])
    kinds = [people.traits["dotted_name"][who], people.traits["long_name"][who], length == 2]
    return {
        "age": bands[np.digitize(people.age[who], [7, 18, 30, 50, 65])],
        "name": np.select(kinds, ["with ·", "long, without ·", "two characters"], "three or four"),
        "region": number(REGIONS[people.region[who]], 6),
        "sex": where(people.male[who], "male", "female"),
    }


def _covered(people: People, department: int, rng: np.random.Generator) -> Ints:
    """Who is on file, some twice, in no order."""
    age, n = people.age, len(people)
    unregistered = people.traits["unregistered"]
    pupil = (age >= 3) & (age < 18)
    share = (
        np.where(people.traits["newcomer"], 0.0, 0.985),
        np.where((age >= 18), 0.68, np.where(age < 6, 0.0, 0.15)),
        np.where((age < 7) | (age > 60), 0.85, 0.66),
        np.where(age >= 22, 0.42, 0.0),
        np.where(pupil, 0.93, 0.0),
    )[department]
    on_file = rng.random(n) < share
    again = on_file & (rng.random(n) < DUPLICATED[department])
    if department == 2:  # without papers: a clinic, and a school or a second clinic
        on_file |= unregistered
        again = np.where(unregistered, ~pupil, again)
    elif department == 4:
        on_file = np.where(unregistered, pupil, on_file)
    else:
        on_file, again = on_file & ~unregistered, again & ~unregistered
    who = np.concatenate([np.flatnonzero(on_file), np.flatnonzero(again)])
    return rng.permutation(who)


def _keys(records: int, department: int, rng: np.random.Generator) -> Texts:
    return join("PHZMJ"[department], number(rng.permutation(records) + 1, 8))


def _numbers(people: People, who: Ints, slips: Slips) -> tuple[Texts, NDArray[np.datetime64]]:
    """Numbers as filed, and the birth dates that go with them."""
    rng, n = slips.rng, len(who)
    reissued, unregistered = (
        people.traits["reissued_number"][who],
        people.traits["unregistered"][who],
    )
    former = slips.draw("former_number", reissued)
    numbers = where(former, people.former_number[who], people.number[who]).astype("U20")
    birth = np.where(former, people.former_birth[who], people.birth[who])
    adult = people.age[who] >= 22
    relative = relatives_of(people, who)
    kinds = ("no_number", "placeholder_number", "old_15_digits", "mistyped_number", "masked_number",
             "rounded_number", "strangers_number", "relatives_number", "clerks_number")  # fmt: skip
    one = slips.draw_one(kinds, {"old_15_digits": adult, "relatives_number": relative >= 0})
    clerks = np.random.default_rng([people.seed, 3]).integers(
        0, len(people), 1 + len(people) // PERSONS_A_CLERK
    )
    numbers[one["placeholder_number"]] = rng.choice(_PLACEHOLDERS, n)[one["placeholder_number"]]
    _shorten(numbers, one["old_15_digits"])
    undetected = one["old_15_digits"] & (rng.random(n) < MISTYPED_15_DIGITS)
    mistype_number(numbers, slips.mark("mistyped_number", undetected), rng, 15)
    mistype_number(numbers, one["mistyped_number"], rng, 18)
    _mask(numbers, one["masked_number"])
    _round(numbers, one["rounded_number"])
    stranger = rng.integers(0, len(people), n)
    for kind, owner in (
        ("strangers_number", stranger),
        ("relatives_number", relative),
        ("clerks_number", rng.choice(clerks, n)),
    ):
        numbers[one[kind]] = people.number[owner[one[kind]]]
    numbers[slips.mark("no_number", one["no_number"] | unregistered)] = ""
    return numbers, birth


def relatives_of(people: People, who: Ints) -> Ints:
    """The head of the household, for the head the partner; -1 where he lives alone."""
    first = np.searchsorted(people.household, people.household)
    after = np.minimum(np.arange(len(people)) + 1, len(people) - 1)
    partner = np.where(people.household[after] == people.household, after, -1)
    return np.where(first == np.arange(len(people)), partner, first)[who]


def _shorten(numbers: Texts, rows: Bools) -> None:
    old = np.strings.slice(numbers[rows], 6, 8) == "19"
    short = join(np.strings.slice(numbers[rows], 0, 6), np.strings.slice(numbers[rows], 8, 17))
    numbers[rows] = where(old, short, numbers[rows])


def mistype_number(numbers: Texts, rows: Bools, rng: np.random.Generator, digits: int) -> None:
    """One digit wrong, or two exchanged, in place."""
    matrix = to_matrix(numbers[rows], 18)
    count = np.arange(len(matrix))
    last = digits - 2  # the check character is left alone
    spot = rng.integers(0, last + 1, len(matrix))
    swapped = rng.random(len(matrix)) < 0.4
    here, there = matrix[count, spot].copy(), matrix[count, np.minimum(spot + 1, last)].copy()
    other = (here - ord("0") + rng.integers(1, 10, len(matrix))) % 10 + ord("0")
    exchange = swapped & (here != there)
    matrix[count, spot] = np.where(exchange, there, other)
    matrix[count[exchange], np.minimum(spot + 1, last)[exchange]] = here[exchange]
    numbers[rows] = to_texts(matrix)


def _mask(numbers: Texts, rows: Bools) -> None:
    numbers[rows] = join(
        np.strings.slice(numbers[rows], 0, 4), "**********", np.strings.slice(numbers[rows], 14, 18)
    )


def _round(numbers: Texts, rows: Bools) -> None:
    numbers[rows] = join(np.strings.slice(numbers[rows], 0, 15), "000")


def names_on_file(people: People, who: Ints, slips: Slips) -> Texts:
    """Names with the slips of a department: former, misheard, in another transliteration."""
    former = slips.draw("former_name", people.traits["renamed"][who])
    name = np.where(former[:, None], people.former_name[who], people.name[who])
    rng, traits = slips.rng, people.traits
    alike = slips.draw_one(("homophone", "look_alike"), {})
    for kind, groups in (("homophone", "homophones"), ("look_alike", "look_alikes")):
        rows = np.flatnonzero(alike[kind])
        part = name[rows]
        hit = swap_one(part, table_of(words(groups), np.random.default_rng(people.seed)), rng)
        name[rows] = part
        slips.unmark(kind, rows[~hit])
    rows = np.flatnonzero(slips.draw("traditional"))
    part = name[rows]
    hit = swap_all(part, table_of(words("traditional"), rng))
    name[rows] = part
    slips.unmark("traditional", rows[~hit])
    rare = np.array([ord(c) for c in characters("rare")], dtype=np.uint32)
    lost = slips.draw("lost_character", traits["rare_character"][who] & ~former)
    gone = lost[:, None] & np.isin(name, rare)
    name = np.where(gone, rng.choice(_LOST, len(who))[:, None], name)
    return to_texts(_dotted(name, traits["dotted_name"][who], slips))


def _dotted(name: Matrix, dotted: Bools, slips: Slips) -> Matrix:
    rng = slips.rng
    other = slips.draw("other_transliteration", dotted)
    part = name[other]
    swap_one(part, table_of(words("transliterated_alike"), rng), rng)
    name[other] = part
    cut = slips.draw("abbreviated", dotted)
    first = np.cumsum(name == ord("·"), axis=1) == 0
    place = np.arange(name.shape[1])[None, :]
    by_field = (rng.random(len(name)) < 0.5)[:, None]
    kept = np.where(by_field, place < _CUT_NAME, first)
    name = np.where(cut[:, None] & ~kept, 0, name)
    form = slips.draw("dot_form", dotted)
    dot = rng.choice(_DOTS, len(name))[:, None]
    name = np.where(form[:, None] & (name == ord("·")), dot, name)
    return close_up(name)


def _dates(birth: NDArray[np.datetime64], slips: Slips, department: int) -> Texts:
    year, month, day = date_parts(birth)
    born = {"swapped_date": (day <= 12) & (day != month), "first_of_january": year < 1965,
            "lunar_date": year < 1980}  # fmt: skip
    kinds = ("swapped_date", "first_of_january", "lunar_date", "mistyped_date", "no_date")
    one = slips.draw_one(kinds, born)
    swap = one["swapped_date"]
    month, day = np.where(swap, day, month), np.where(swap, month, day)
    january = one["first_of_january"]
    month, day = np.where(january, 1, month), np.where(january, 1, day)
    moon = lunar.as_solar(birth[one["lunar_date"]])
    year[one["lunar_date"]], month[one["lunar_date"]], day[one["lunar_date"]] = moon
    wrong = one["mistyped_date"]
    kind = slips.rng.integers(0, 5, len(birth))
    year = np.where(wrong & (kind == 0), year - 10, year)
    year = np.where(wrong & (kind == 1), year - 1, year)
    month = np.where(wrong & (kind == 2), month % 9 + 1, month)
    day = np.where(wrong & (kind == 3), (day + 9) % 28 + 1, day)
    day = np.where(wrong & (kind == 4), day % 28 + 1, day)
    day = np.minimum(
        day, np.where(month == 2, 28, np.where(np.isin(month, [4, 6, 9, 11]), 30, day))
    )
    texts = date_texts(year, month, day, department)
    return where(one["no_date"], "", texts)


def date_parts(birth: NDArray[np.datetime64]) -> tuple[Ints, Ints, Ints]:
    """Year, month and day."""
    months = birth.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    return year, months.astype(np.int64) % 12 + 1, (birth - months).astype(np.int64) + 1


def date_texts(year: Ints, month: Ints, day: Ints, department: int) -> Texts:
    """As the department writes dates."""
    separators = (("", "", ""), ("-", "-", ""), ("/", "/", ""), ("年", "月", "日"), ("-", "-", ""))
    first, second, last = separators[department]
    return join(number(year, 4), first, number(month, 2), second, number(day, 2), last)


def sexes_on_file(people: People, who: Ints, slips: Slips, department: int) -> Texts:
    """As the department writes them, with its slips."""
    wrong, none = slips.draw("wrong_sex"), slips.draw("no_sex")
    male = people.male[who] ^ wrong
    yes, no = (("1", "2"), ("男", "女"), ("男性", "女性"), ("男", "女"), ("1", "2"))[department]
    return where(none, "", where(male, yes, no))


def _regions(people: People, who: Ints, slips: Slips) -> Texts:
    former = slips.draw("former_region")
    codes = np.where(former, FORMER_REGIONS[people.region[who]], REGIONS[people.region[who]])
    return number(codes, 6)


def _addresses(people: People, homes: Homes, who: Ints, slips: Slips) -> Texts:
    former = slips.draw("former_home", people.traits["moved"][who])
    home = np.where(former, people.former_home[who], people.home[who])
    bare, short = slips.draw("bare_address"), slips.draw("address_form")
    return where(slips.draw("no_address"), "", homes.written(home, bare, short))


def mobiles_on_file(people: People, who: Ints, slips: Slips) -> Texts:
    """Now, before, or a relative's."""
    mobile = people.mobile[who]
    former = slips.draw("former_mobile", people.former_mobile[who] != mobile)
    mobile = np.where(former, people.former_mobile[who], mobile)
    relatives = slips.draw("household_mobile", people.household_mobile[who] != mobile)
    mobile = np.where(relatives, people.household_mobile[who], mobile)
    return where(slips.draw("no_mobile"), "", number(mobile, 11))


def _employers(people: People, who: Ints, rng: np.random.Generator, department: int) -> Texts:
    """A name by the employer's place; the large ones have many people."""
    count = max(20, len(people) // 60)
    theirs = np.random.default_rng([people.seed, 4]).choice(
        count, len(people), p=zipf(count, 10, 0.7)
    )[who]
    brand = np.array(characters("brand"))
    trades = np.array([pair[0] for pair in pairs("trades")])
    size = len(brand)
    name = join(
        "东江", brand[theirs % size], brand[(theirs // size) % size],
        trades[(theirs // 7) % len(trades)], "有限公司",
    )  # fmt: skip
    working = (people.age[who] >= 20) & (people.age[who] < 60)
    result = rng.random(len(who)) < (0, 0.97, 0.35, 0, 0)[department]
    return where(working & result, name, "")


def _schools(people: People, who: Ints) -> Texts:
    count = max(3, len(people) // 3000)
    school = (people.household[who] * 31 + people.age[who] // 6) % count
    kind = np.array(["幼儿园", "小学", "初级中学", "高级中学"])[
        np.clip((people.age[who] - 1) // 5, 0, 3)
    ]
    return join("东江市第", number(school + 1), kind)


def change_times(records: int, rng: np.random.Generator) -> Texts:
    """When each record was last changed."""
    days = TODAY - rng.integers(1, 4000, records).astype("timedelta64[D]")
    return join(days.astype("U10"), " 09:30:00")
