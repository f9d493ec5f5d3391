"""How often each difficulty occurs, in one place, each with its reason.

Two kinds: a **trait** of a person or firm (a twin, a former name) is a share of them; a **slip** is
a share of the records of one department, for the police check a number at the counter against the
chip of the card and a clinic types what the patient says. Where no register publishes a share, it
is an assumption, of the order that people who work with such files tell; the rarest are raised so
that a hundred thousand records have some of each, which makes this harder than life.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Trait:
    """Share of the persons or firms."""

    share: float
    why: str


@dataclass(frozen=True)
class Slip:
    """Share of the records of each department, in the order of the departments below."""

    shares: tuple[float, ...]
    why: str


PERSON_TRAITS: Mapping[str, Trait] = {
    "twin": Trait(0.018, "twins are 2 to 3 % of those born lately; their parents name them alike"),
    "namesake": Trait(0.005, "born on one day under one name: chance in a city of millions"),
    "shared_number": Trait(
        0.0006, "重号: numbers given twice by hand before 1999; millions were cleared after 2006"
    ),
    "reissued_number": Trait(
        0.0015, "a new number after 重号 was cleared or the registered birth date corrected"
    ),
    "renamed": Trait(0.012, "children after a divorce, adults by application; old files keep it"),
    "dotted_name": Trait(0.02, "transliterated names; raised, so that some show"),
    "long_name": Trait(0.006, "long names that are written without a dot"),
    "rare_character": Trait(0.008, "given since the 1990s because they are rare"),
    "moved": Trait(0.25, "人户分离: a third of the people of the 2020 census lived elsewhere"),
    "unregistered": Trait(
        0.004, "newborns, foreigners and people without papers: in two files, no number in either"
    ),
    "newcomer": Trait(0.05, "lives here, registered in another city: not in this police register"),
}

# police, social insurance, health, marriage, school
PERSON_SLIPS: Mapping[str, Slip] = {
    "no_number": Slip((0.0005, 0.012, 0.09, 0.015, 0.06), "left empty where the form allows it"),
    "placeholder_number": Slip((0.0, 0.002, 0.01, 0.001, 0.008), "000…, 111…, 无 to pass the form"),
    "old_15_digits": Slip((0.0, 0.008, 0.012, 0.02, 0.0), "files from before 2004, adults only"),
    "mistyped_number": Slip((0.0, 0.003, 0.012, 0.003, 0.008), "one digit, or two exchanged"),
    "masked_number": Slip((0.0, 0.0, 0.004, 0.0, 0.004), "exported from a masked view"),
    "rounded_number": Slip((0.0, 0.001, 0.003, 0.0, 0.003), "a spreadsheet keeps 15 digits"),
    "strangers_number": Slip((0.0, 0.0004, 0.0012, 0.0004, 0.0008), "the line above or below"),
    "relatives_number": Slip(
        (0.0, 0.0003, 0.004, 0.001, 0.006), "a parent's for the child, the husband's for the wife"
    ),
    "clerks_number": Slip((0.0, 0.0, 0.0004, 0.0, 0.0), "the clerk's own, to get past the form"),
    "former_number": Slip((0.0, 0.5, 0.6, 0.7, 0.1), "of those re-issued: the file is older"),
    "homophone": Slip((0.0003, 0.003, 0.006, 0.001, 0.003), "taken down by ear"),
    "look_alike": Slip((0.0003, 0.002, 0.004, 0.002, 0.002), "typed from handwriting"),
    "traditional": Slip((0.001, 0.002, 0.003, 0.004, 0.001), "old registers, systems from outside"),
    "lost_character": Slip((0.1, 0.4, 0.5, 0.3, 0.4), "of rare characters: ?, □ or a private one"),
    "dot_form": Slip((0.02, 0.3, 0.5, 0.2, 0.3), "of dotted names: another dot, a blank, none"),
    "abbreviated": Slip((0.0, 0.03, 0.06, 0.02, 0.03), "of dotted names: a field of 8 characters"),
    "other_transliteration": Slip((0.0, 0.02, 0.04, 0.02, 0.02), "of dotted names: 买 for 麦"),
    "former_name": Slip((0.0, 0.3, 0.5, 0.5, 0.3), "of those renamed: the file is older"),
    "swapped_date": Slip(
        (0.0, 0.001, 0.003, 0.001, 0.002), "day and month, where both are 12 or less"
    ),
    "first_of_january": Slip((0.0, 0.001, 0.006, 0.002, 0.0), "day unknown; born before 1965"),
    "lunar_date": Slip(
        (0.001, 0.006, 0.015, 0.02, 0.0), "the birthday that is kept; born before 1980"
    ),
    "mistyped_date": Slip((0.0002, 0.002, 0.005, 0.001, 0.003), "one digit"),
    "no_date": Slip((0.0, 0.02, 0.02, 0.005, 0.01), "left empty"),
    "wrong_sex": Slip((0.0001, 0.001, 0.003, 0.0005, 0.001), "the box beside it"),
    "no_sex": Slip((0.0, 0.005, 0.01, 0.002, 0.005), "left empty"),
    "former_home": Slip((0.5, 0.3, 0.35, 0.4, 0.15), "of those who moved: not reported since"),
    "no_address": Slip((0.002, 0.15, 0.06, 0.08, 0.04), "left empty"),
    "bare_address": Slip((0.0, 0.5, 0.55, 0.3, 0.5), "from the street on"),
    "address_form": Slip((0.0, 0.1, 0.15, 0.1, 0.1), "3-2-501 for 3号楼2单元501室"),
    "former_region": Slip(
        (0.04, 0.0, 0.0, 0.4, 0.0), "the code before the county became a district"
    ),
    "no_mobile": Slip((1.0, 0.06, 0.05, 0.05, 0.03), "left empty; the police file has no column"),
    "former_mobile": Slip((0.0, 0.25, 0.2, 0.35, 0.1), "of those who changed it since"),
    "household_mobile": Slip((0.0, 0.03, 0.08, 0.02, 0.0), "a relative's, though he has his own"),
}
DUPLICATED = (
    0.0,
    0.006,
    0.03,
    0.004,
    0.004,
)  # of persons in a file, those in it twice: two clinics, two plans
MISTYPED_15_DIGITS = 0.02  # of the old numbers, which have no check digit: nobody notices
CHANGED_MOBILE = 0.4  # of adults: a number is kept for about eight years
RECYCLED_MOBILE = 0.15  # of numbers given up: carriers give them out again after 90 days
FORMER_TENANTS = 0.3  # of those who moved: somebody else of the city lives at the old address now

FIRM_TRAITS: Mapping[str, Trait] = {
    "sister": Trait(0.05, "two to four firms of one owner behind one door, names nearly the same"),
    "shared_office": Trait(0.10, "registered at an incubator or a secretary's desk (集群注册)"),
    "agents_phone": Trait(0.08, "the bookkeeping agency's telephone number"),
    "branch": Trait(0.06, "分公司 with a code of its own"),
    "renamed": Trait(0.05, "a change of name is the most frequent change of registration"),
    "registered_again": Trait(0.015, "struck off, and registered again under the old name"),
    "shop": Trait(0.25, "个体工商户 with a name that many have; more than half in real registers"),
    "moved": Trait(0.12, "a new address or telephone since"),
    "new_representative": Trait(0.08, "another legal representative since"),
}

# market regulation, taxation, human resources
FIRM_SLIPS: Mapping[str, Slip] = {
    "no_code": Slip((0.002, 0.01, 0.10), "registered before 2015 and never asked again"),
    "organization_code_only": Slip((0.0, 0.004, 0.04), "the nine signs of the old certificate"),
    "old_registration_number": Slip((0.002, 0.004, 0.03), "the old licence's 15 digits"),
    "old_taxpayer_number": Slip((0.0, 0.01, 0.0), "region and organisation code, before 2015"),
    "mistyped_code": Slip((0.0005, 0.002, 0.006), "one sign"),
    "placeholder_code": Slip((0.0, 0.001, 0.006), "无, 000000000000000000"),
    "parents_code": Slip((0.0, 0.06, 0.12), "of branches: filed under the parent's code"),
    "sisters_code": Slip((0.0, 0.004, 0.012), "of sister firms: the owner's other licence"),
    "former_code": Slip((0.0, 0.05, 0.12), "of those registered again: the struck-off code"),
    "former_name": Slip((0.0, 0.15, 0.4), "of those renamed: nobody told this office"),
    "name_form": Slip((0.0, 0.03, 0.06), "有限责任公司 for 有限公司 or the reverse, or none"),
    "name_region": Slip((0.0, 0.03, 0.06), "the region in brackets, in front, or left out"),
    "half_width_brackets": Slip((0.02, 0.3, 0.3), "of names with brackets"),
    "name_slip": Slip((0.0005, 0.003, 0.006), "a homophone or look-alike"),
    "name_cut": Slip((0.0, 0.0, 0.01), "a field of 12 characters"),
    "former_representative": Slip((0.0, 0.2, 0.4), "of those who changed"),
    "no_representative": Slip((0.002, 0.01, 0.08), "left empty"),
    "former_address": Slip((0.0, 0.25, 0.4), "of those that moved"),
    "no_address": Slip((0.0, 0.01, 0.06), "left empty"),
    "address_form": Slip((0.02, 0.08, 0.15), "3-2-501 for 3号楼2单元501室"),
    "no_phone": Slip((0.05, 0.05, 0.10), "left empty"),
    "no_date": Slip((0.0, 0.01, 1.0), "left empty; the insurance office has no column"),
}
