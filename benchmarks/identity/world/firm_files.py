"""What three departments have on file about the enterprises, slips and all."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.identity.world.codepoints import (
    Bools,
    Ints,
    Texts,
    join,
    number,
    swap_one,
    table_of,
    to_matrix,
    to_texts,
    where,
)
from benchmarks.identity.world.departments import FIRM_COLUMNS, FileOf
from benchmarks.identity.world.firms import Firms
from benchmarks.identity.world.numbers_of_people import TODAY
from benchmarks.identity.world.people import REGIONS
from benchmarks.identity.world.places import Homes, make_homes
from benchmarks.identity.world.planted import FIRM_TAGS, Slips
from benchmarks.identity.world.rates import FIRM_SLIPS
from benchmarks.identity.world.words import words

_PLACEHOLDERS = np.array(["无", "000000000000000000", "0", "不详"])
_NAME_WIDTH, _CUT_NAME = 40, 12
_KINDS = np.array(["company", "shop", "branch"])


def firm_files(firms: Firms) -> Iterator[FileOf]:
    """The files one after another."""
    homes = make_homes(np.concatenate([firms.region, firms.region]), firms.seed + 7)
    for department, source in enumerate(FIRM_COLUMNS):
        yield _file(firms, homes, department, source)


def _file(firms: Firms, homes: Homes, department: int, source: str) -> FileOf:
    rng = np.random.default_rng([firms.seed, 20 + department])
    which = _covered(firms, department, rng)
    slips = Slips(rng, department, len(which), FIRM_SLIPS, FIRM_TAGS)
    for trait, mask in firms.traits.items():
        slips.mark(trait, mask[which])
    code, organization = _codes(firms, which, slips)
    representative, identity = _representatives(firms, which, slips)
    established = firms.established[which].astype("U10")
    moved = firms.traits["moved"][which]
    former = slips.draw("former_address", moved)
    bare, short = rng.random(len(which)) < 0.4, slips.draw("address_form")
    address = np.where(former, firms.former_address[which], firms.address[which])
    phone = np.where(former, firms.former_phone[which], firms.phone[which])
    cancelled = firms.cancelled[which]
    made = {
        "key": join("GSR"[department], number(rng.permutation(len(which)) + 1, 8)),
        "code": code,
        "organization": organization,
        "registration": where(rng.random(len(which)) < 0.9, firms.registration[which], ""),
        "name": _names(firms, which, slips),
        "representative": representative,
        "representative_id": identity,
        "capital": join(number(firms.capital[which]), "万元"),
        "established": where(slips.draw("no_date"), "", established),
        "cancelled": where(cancelled, _cancelled(firms, which), ""),
        "status": where(cancelled, "注销", np.array(["存续", "正常", "在业"])[department]),
        "region": number(REGIONS[firms.region[which]], 6),
        "address": where(slips.draw("no_address"), "", homes.written(address, bare, short)),
        "phone": where(slips.draw("no_phone"), "", number(phone, 11)),
        "changed": join((TODAY - rng.integers(1, 3000, len(which))).astype("U10"), " 10:00:00"),
    }
    columns = {column: made[column] for column in FIRM_COLUMNS[source].split()}
    return FileOf(source, columns, which, slips.bits, _groups(firms, which))


def _covered(firms: Firms, department: int, rng: np.random.Generator) -> Ints:
    shop, branch = firms.traits["shop"], firms.traits["branch"]
    share = (
        np.full(len(firms), 0.985),
        np.where(shop, 0.45, np.where(firms.cancelled, 0.6, 0.93)),
        np.where(shop, 0.18, np.where(firms.cancelled, 0.35, np.where(branch, 0.55, 0.7))),
    )[department]
    return rng.permutation(np.flatnonzero(rng.random(len(firms)) < share))


def _codes(firms: Firms, which: Ints, slips: Slips) -> tuple[Texts, Texts]:
    """The column for the credit code, and, in the insurance office, that for the old one."""
    rng, n = slips.rng, len(which)
    old = firms.registration[which] != ""
    relatives = {
        "parents_code": firms.parent[which],
        "sisters_code": firms.sister[which],
        "former_code": firms.predecessor[which],
    }
    kinds = ("no_code", "organization_code_only", "old_registration_number", "old_taxpayer_number",
             "mistyped_code", "placeholder_code")  # fmt: skip
    one = slips.draw_one(kinds, {"old_registration_number": old, "old_taxpayer_number": old})
    code = firms.code[which].astype("U20")
    organization = firms.organization[which]
    anything = np.zeros(n, dtype=bool)
    for kind in kinds:
        anything |= one[kind]
    for kind, whose in relatives.items():
        rows = slips.draw(kind, (whose >= 0) & ~anything)
        code[rows] = firms.code[whose[rows]]
        organization = where(rows, firms.organization[whose], organization)
    code[one["no_code"]] = ""
    code[one["organization_code_only"]] = organization[one["organization_code_only"]]
    rows = one["old_registration_number"]
    code[rows] = firms.registration[which][rows]
    rows = one["old_taxpayer_number"]
    code[rows] = join(number(REGIONS[firms.region[which]][rows], 6), organization[rows])
    code[one["placeholder_code"]] = rng.choice(_PLACEHOLDERS, n)[one["placeholder_code"]]
    mistype(code, one["mistyped_code"], rng)
    known = (rng.random(n) < 0.25) & ~one["no_code"] & ~one["placeholder_code"]
    known &= ~one["old_registration_number"] & ~one["mistyped_code"]
    return code, where(known, _printed(organization), "")


def _printed(organization: Texts) -> Texts:
    return join(np.strings.slice(organization, 0, 8), "-", np.strings.slice(organization, 8, 9))


def mistype(code: Texts, rows: Bools, rng: np.random.Generator) -> None:
    matrix = to_matrix(code[rows], 20)
    spot = rng.integers(2, 17, len(matrix))
    rank = np.arange(len(matrix))
    was = matrix[rank, spot]
    other = (was - ord("0") + rng.integers(1, 9, len(matrix))) % 10 + ord("0")
    matrix[rank, spot] = np.where(was == other, ord("Q"), other)
    code[rows] = to_texts(matrix)


def _names(firms: Firms, which: Ints, slips: Slips) -> Texts:
    """The name as this department has it: of other times, in other forms, mistyped."""
    former = slips.draw("former_name", firms.traits["renamed"][which])
    place, brand = firms.place_name[which], firms.brand[which]
    brand = where(former, firms.former_brand[which], brand)
    trade, form = firms.trade[which], _forms(firms.form[which], slips)
    company = firms.form[which] != ""
    other = slips.draw("name_region", company)
    kind = slips.rng.integers(0, 3, len(which))
    bare = np.strings.replace(place, "市", "")
    front = where(other & (kind == 0), join("鲁东省", place), place)
    front = where(other & (kind > 0), "", front)
    behind = where(other & (kind == 1), join("（", bare, "）"), "")
    name = join(front, brand, behind, trade, form, firms.suffix[which])
    bracketed = np.strings.find(name, "（") >= 0
    half = slips.draw("half_width_brackets", bracketed)
    narrow = np.strings.replace(np.strings.replace(name, "（", "("), "）", ")")
    name = where(half, narrow, name)
    return _miswritten(name, slips)


def _forms(form: Texts, slips: Slips) -> Texts:
    limited = np.isin(form, ["有限公司", "有限责任公司"])
    other = slips.draw("name_form", limited)
    short = slips.rng.random(len(form)) < 0.25
    exchanged = where(form == "有限公司", "有限责任公司", "有限公司")
    return where(other, where(short, "公司", exchanged), form)


def _miswritten(name: Texts, slips: Slips) -> Texts:
    matrix = to_matrix(name, _NAME_WIDTH)
    rows = np.flatnonzero(slips.draw("name_slip"))
    groups = [*words("homophones"), *words("look_alikes")]
    part = matrix[rows]
    swap_one(part, table_of(groups, slips.rng), slips.rng)
    matrix[rows] = part
    cut = slips.draw("name_cut", np.strings.str_len(name) > _CUT_NAME)
    matrix[:, _CUT_NAME:] = np.where(cut[:, None], 0, matrix[:, _CUT_NAME:])
    return to_texts(matrix)


def _representatives(firms: Firms, which: Ints, slips: Slips) -> tuple[Texts, Texts]:
    former = slips.draw("former_representative", firms.traits["new_representative"][which])
    none = slips.draw("no_representative")
    name = where(former, firms.former_representative[which], firms.representative[which])
    known = ~former & ~none & (slips.rng.random(len(which)) < 0.8)
    return where(none, "", name), where(known, firms.representative_id[which], "")


def _cancelled(firms: Firms, which: Ints) -> Texts:
    age = (TODAY - firms.established[which]).astype(np.int64)
    return (TODAY - (age // 5).astype("timedelta64[D]")).astype("U10")


def _groups(firms: Firms, which: Ints) -> Mapping[str, Texts]:
    kind = firms.traits["shop"][which] + 2 * firms.traits["branch"][which]
    return {"kind": _KINDS[kind], "region": number(REGIONS[firms.region[which]], 6)}
