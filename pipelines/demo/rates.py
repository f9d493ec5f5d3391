"""Error rates of the demo city: how often each kind of data error occurs, with its reason.

A rate is a share of the non-empty values of an element in an average department. The department's
own factor (``Feed.factor``) multiplies it: the police check numbers at the counter, a clinic does
not. Rates of ``HABIT`` and more are habits, not slips, and stay what they are. Kinds that only a
spreadsheet causes are left out where no spreadsheet was used. The slips are of the order that
published registers show (in three million real registrations 0.3 % of the codes are not 18 long and
0.01 % fail their check); the rarest are raised so that a small city has a few of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """Share of values that one kind of dirt spoils, and why somebody writes such a thing."""

    share: float
    reason: str
    spreadsheet: bool = False  # only where the data went through a spreadsheet


HABIT = 0.04

RATES: Mapping[str, Mapping[str, Rate]] = {
    "citizen_id": {
        "missing": Rate(0.008, "not asked for, or the form was older than the number"),
        "fifteen_digits": Rate(0.006, "records kept since before 1999 and never upgraded"),
        "lower_case_x": Rate(0.06, "typed; of numbers that end in X"),
        "cyrillic_x": Rate(0.01, "look-alike letter from another keyboard; of numbers in X"),
        "full_width": Rate(0.002, "input method left in full-width mode"),
        "inner_spaces": Rate(0.002, "typed in groups as it is printed"),
        "scientific": Rate(0.002, "a spreadsheet shows long numbers as 1.10105E+17", True),
        "precision_loss": Rate(0.004, "a spreadsheet keeps 15 digits and fills up with 000", True),
        "placeholder": Rate(0.004, "the field was mandatory and the number unknown"),
        "masked": Rate(0.001, "copied from a screen that hides the middle"),
        "typo": Rate(0.004, "one digit wrong, so the check digit does not hold"),
        "wrong_length": Rate(0.001, "a digit lost or doubled"),
        "somebody_else": Rate(0.0015, "a parent's or neighbour's number, valid but not his"),
        "impossible_birth": Rate(0.0003, "30 February with a right check digit: made up"),
    },
    "person_name": {
        "missing": Rate(0.002, "record opened before the person was known"),
        "spaces": Rate(0.006, "two-character names are spread to the width of three"),
        "dot_variant": Rate(0.4, "every keyboard has another middle dot; of names with a dot"),
        "html_entity": Rate(0.05, "exported from a web page; of names with a dot"),
        "lost_character": Rate(0.45, "rare characters become ?, □ or private-use; of such names"),
        "traditional": Rate(0.001, "typed by somebody from Hong Kong or on old software"),
        "homophone": Rate(0.003, "taken down by ear"),
        "two_people": Rate(0.0004, "a couple or two partners in one field"),
    },
    "sex_code": {
        "missing": Rate(0.004, "left out"),
        "mismatch": Rate(0.002, "the wrong button"),
        "unknown_code": Rate(0.002, "codes of an old system: 3, 保密"),
        "not_stated": Rate(0.002, "0 and 9 are codes too"),
    },
    "ethnicity_code": {
        "missing": Rate(0.01, "left out"),
        "unknown_code": Rate(0.002, "99, 华人, or a group that does not exist"),
        "other_form": Rate(0.01, "1 for 01, 汉 for 汉族"),
    },
    "birth_date": {
        "missing": Rate(0.006, "left out, since it is in the number"),
        "other_form": Rate(0.03, "typed by hand: 1990.3.7, 1990年3月7日, with a time"),
        "excel_serial": Rate(0.006, "the date format of a cell was lost", True),
        "impossible": Rate(0.001, "30 February, month 13"),
        "future": Rate(0.0005, "year mistyped"),
        "implausible": Rate(0.0004, "1753-01-01 and the like: a database's least date"),
        "mismatch": Rate(0.003, "calendar of the moon, or day and month swapped"),
        "placeholder": Rate(0.001, "00000000, 不详"),
    },
    "date": {
        "missing": Rate(0.006, "left out"),
        "other_form": Rate(0.03, "typed by hand"),
        "excel_serial": Rate(0.006, "the date format of a cell was lost", True),
        "impossible": Rate(0.001, "31 June, month 13"),
        "future": Rate(0.0005, "year mistyped"),
        "placeholder": Rate(0.001, "00000000, 不详"),
    },
    "timestamp": {"other_form": Rate(0.02, "two systems write to one table")},
    "marital_code": {
        "missing": Rate(0.01, "left out"),
        "unknown_code": Rate(0.003, "codes of an old system: 5, 再离"),
    },
    "region_code": {
        "missing": Rate(0.003, "left out"),
        "unknown_code": Rate(0.001, "a code that no list has"),
        "not_county": Rate(0.003, "only the city is known"),
        "abolished": Rate(0.01, "the county's code from before 2015"),
    },
    "address": {
        "missing": Rate(0.01, "left out"),
        "spaces": Rate(0.003, "parts typed apart"),
        "full_width": Rate(0.003, "full-width digits"),
        "too_short": Rate(0.002, "only 云州市"),
        "html_entity": Rate(0.0005, "exported from a web page"),
    },
    "mobile": {
        "missing": Rate(0.05, "not given"),
        "country_code": Rate(0.01, "+86 from a phone's address book"),
        "separated": Rate(0.008, "142-0000-1234, with spaces"),
        "placeholder": Rate(0.003, "11111111111 to pass the form"),
        "wrong_length": Rate(0.002, "a digit lost"),
        "two_numbers": Rate(0.001, "the wife's as well"),
    },
    "phone": {
        "missing": Rate(0.05, "not given"),
        "country_code": Rate(0.005, "+86"),
        "placeholder": Rate(0.004, "00000000, 无"),
        "wrong_length": Rate(0.002, "a digit lost"),
    },
    "organization_name": {
        "missing": Rate(0.001, "left out"),
        "half_width_brackets": Rate(0.5, "typed on another keyboard; of names with brackets"),
        "spaces": Rate(0.003, "copied from a scan"),
        "former_name": Rate(0.004, "the old name is kept in brackets behind the new one"),
        "homophone": Rate(0.002, "taken down by ear"),
        "no_region": Rate(0.006, "everybody here knows the city"),
    },
    "uscc": {
        "missing": Rate(0.01, "records from before 2015"),
        "lower_case": Rate(0.006, "typed"),
        "inner_spaces": Rate(0.002, "typed in groups as it is printed"),
        "full_width": Rate(0.001, "input method left in full-width mode"),
        "typo": Rate(0.003, "one character wrong, so the check does not hold"),
        "letter_for_digit": Rate(0.002, "O for 0, I for 1: letters that the code never has"),
        "organization_code_only": Rate(0.002, "the nine characters of the old certificate"),
        "placeholder": Rate(0.002, "无, 000000000000000000"),
    },
    "organization_code": {
        "missing": Rate(0.02, "abolished as a certificate in 2015"),
        "hyphen": Rate(0.4, "printed PDY00001-X"),
        "typo": Rate(0.003, "one character wrong"),
        "lower_case": Rate(0.004, "typed"),
    },
    "registration_number": {
        "typo": Rate(0.003, "one digit wrong"),
        "scientific": Rate(0.003, "a spreadsheet shows 1.30602E+14", True),
    },
    "money": {
        "missing": Rate(0.01, "not registered capital in this form"),
        "other_form": Rate(0.12, "every registrar writes amounts his own way"),
        "foreign_currency": Rate(0.004, "paid in by foreign shareholders"),
        "placeholder": Rate(0.004, "N/A, -"),
    },
    "entity_status": {
        "other_form": Rate(0.1, "在业, 开业, 正常: one state, many words"),
        "unknown_code": Rate(0.002, "words of an old system"),
    },
    "industry_code": {
        "missing": Rate(0.02, "left out"),
        "no_section": Rate(0.3, "1311 for C1311"),
        "unknown_code": Rate(0.003, "classes of 1994"),
    },
    "license_identifier": {
        "missing": Rate(0.01, "paper licences not yet given one"),
        "nonconforming": Rate(0.01, "made by a library with the wrong letter values (trap 4)"),
        "typo": Rate(0.002, "check digit wrong"),
        "lower_case": Rate(0.003, "stored in lower case"),
    },
    "license_status": {
        "missing": Rate(0.004, "left out"),
        "unknown_code": Rate(0.002, "words of an old system"),
    },
    "holder_type": {"missing": Rate(0.004, "left out"), "unknown_code": Rate(0.002, "01, 法人")},
    "text": {"missing": Rate(0.004, "left out")},
}

# Contradictions between departments, as shares of the records that can carry one (see
# contradictions.py). No register publishes how many it has; they are raised so that a city of
# twenty thousand has a handful of each.
CONTRADICTIONS: Mapping[str, Rate] = {
    "EVENT_AFTER_DEATH": Rate(0.5, "somebody goes on in the name of the dead"),
    "MARRIED_UNDER_AGE": Rate(0.003, "the day of the wedding mistyped, or a borrowed identity"),
    "DEATH_DOUBTFUL": Rate(0.02, "the clinic closed the wrong file"),
    "LEGAL_REPRESENTATIVE_DECEASED": Rate(0.005, "nobody has registered the change"),
    "LEGAL_REPRESENTATIVE_NUMBER_OF_ANOTHER": Rate(0.005, "a partner's number, or a stolen one"),
    "ACTIVE_AFTER_CANCELLATION": Rate(0.1, "the other department was not told"),
    "LICENSE_OF_CLOSED_ORGANIZATION": Rate(0.05, "the licensing office was not told"),
    "LICENSE_OF_DECEASED": Rate(0.5, "the licensing office was not told"),
    "LICENSE_EXPIRED_BUT_VALID": Rate(0.03, "the status is typed, and nobody typed it"),
    "LICENSE_BEFORE_HOLDER": Rate(0.003, "the year mistyped, or the code of a successor"),
    "LICENSE_AFTER_HOLDER": Rate(0.05, "issued on old papers"),
    "LICENSE_HOLDER_NAME": Rate(0.003, "one line off while copying names"),
    "LICENSE_OF_TWO_HOLDERS": Rate(0.002, "a number given out twice"),
}

# Whole records and lines, as shares of the rows of a feed.
EMPTY_KEY = 0.0004  # totals and notes typed below a table, rows of a failed import
EMPTY_ROW_IDENTITY = 0.0003  # neither name nor number: an address on its own
OLDER_VERSION = 0.006  # the export joins a history table: an older state under the same key
RAGGED_LINE = 0.0004  # delimited text: an unquoted delimiter, or a line cut short
UNDECODABLE_BYTES = (
    0.0002  # delimited text: a character cut in half, or a byte of another code page
)
LINE_BREAK = 0.0003  # delimited text: a quoted field that goes on in the next line

INSURED_AFTER_DEATH = 0.1  # of those of working age who died: pensions and wages go on

# What the second delivery brings.
CHANGED_SHARE = 0.01  # of the household register: moved, corrected or completed since yesterday
EVENT_SHARE = 0.0005  # persons who die or move in a day (raised, so that a small city has some)
