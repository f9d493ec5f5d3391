"""license_identifier and holder_code, on every engine."""

from check_digit_oracles import B36, license_check, license_check_letters_plus_one
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.identifiers import holder_code, license_identifier

ROOT = "1.2.156.3005.2"
PERSON = "11010519491231002X"
TYPE, ISSUER = "11310101PDY00001XC001", "11310101PDY00001XC"
VALID = [
    f"{ROOT}.{TYPE}.{ISSUER}.2024000001.001.A",
    f"{ROOT}.{TYPE}.{ISSUER}.2024000001.002.8",
    f"{ROOT}.{TYPE}.{ISSUER}.0123456789ABCDEF0123456789ABCDEF.001.V",
    f"{ROOT}.11100000000013338W011.11430000006122244L.20230000403.001.U",
    f"{ROOT}.11100000000013338W009.11330105002500287C.2025052201.002.0",
]
VARIANT = f"{ROOT}.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"


def test_valid_license_identifiers(clean):
    for identifier, got in zip(VALID, clean(license_identifier(), VALID), strict=True):
        assert (got.value, got.rules) == (identifier, set())
        type_code, issuer, serial, version, _ = identifier.split(".")[5:]
        assert got.companions == {
            "type_code": type_code,
            "issuer_code": issuer,
            "serial": serial,
            "version": version,
        }


def test_the_nonconforming_variant_is_kept_and_told(clean):
    value, rules, _ = clean(license_identifier(), [VARIANT])[0]
    assert (value, rules) == (VARIANT, {"NONCONFORMING_VARIANT"})


def test_parts_that_are_not_as_they_should_be(clean):
    short_issuer = f"{ROOT}.11100000MB03271699022.340100.000000016.001.9"
    expected = {
        short_issuer: (short_issuer, {"LICENSE_ISSUER_CODE"}),
        VALID[0][:-1] + "B": (None, {"LICENSE_CHECK"}),
        VALID[0].lower(): (VALID[0], {"NORMALISED"}),
        VALID[0].replace(".2024", ".20-24"): (None, {"LICENSE_SERIAL"}),
        "2024000001": (None, {"LICENSE_FORM"}),
        VALID[0].removeprefix("1."): (None, {"LICENSE_FORM"}),
        VALID[0].replace("2024000001", "****000001"): (None, {"MASKED"}),
        "无": (None, {"PLACEHOLDER"}),
    }
    got = clean(license_identifier(), list(expected))
    assert [(c.value, c.rules) for c in got] == list(expected.values())


def numbered(serial, version="001", check=license_check):
    parts = (TYPE, ISSUER, serial, version)
    return ".".join((ROOT, *parts, check("".join(parts))))


def test_wrong_type_code_and_version_are_warnings(clean_fast):
    wrong_type = TYPE.replace("X", "1", 1)
    body = f"{wrong_type}{ISSUER}1000"
    identifier = f"{ROOT}.{wrong_type}.{ISSUER}.1.000.{license_check(body)}"
    value, rules, _ = clean_fast(license_identifier(), [identifier])[0]
    assert (value, rules) == (identifier, {"LICENSE_TYPE_CODE", "LICENSE_VERSION"})


def test_a_serial_may_have_64_signs_and_no_more(clean_fast):
    fits, too_long = numbered("Z" * 64), numbered("Z" * 65)
    got = clean_fast(license_identifier(), [fits, too_long])
    assert [(c.value, c.rules) for c in got] == [(fits, set()), (None, {"LICENSE_SERIAL"})]


# Five X in a row are a mask, whatever they stand in.
SERIALS = st.text(B36, min_size=1, max_size=64).filter(lambda serial: "XXXXX" not in serial)


@settings(max_examples=3, deadline=None)
@given(st.lists(SERIALS, min_size=20, max_size=60))
def test_every_well_made_identifier_is_accepted(clean_fast, serials):
    made = [numbered(serial) for serial in serials]
    variants = [numbered(serial, check=license_check_letters_plus_one) for serial in serials]
    got = clean_fast(license_identifier(), [*made, *variants])
    assert [c.value for c in got] == [*made, *variants]
    assert not any(c.rules for c in got[: len(made)])


def test_holder_codes(clean):
    expected = {
        PERSON: (PERSON, set(), "citizen_id"),
        "110105491231002": (PERSON, {"UPGRADED_FROM_15"}, "citizen_id"),
        "１１０１０５１９４９１２３１００２ｘ": (
            "11010519491231002X",
            {"NORMALISED"},
            "citizen_id",
        ),
        "11010519491231002Х": ("11010519491231002X", {"X_LOOKALIKE"}, "citizen_id"),
        "KAZ110090123105": ("KAZ110090123105", set(), "citizen_id"),
        "91310101PDY00001X4": ("91310101PDY00001X4", set(), "uscc"),
        "Y1310101PDY00001XE": ("Y1310101PDY00001XE", set(), "uscc"),
        "E12345678": ("E12345678", {"HOLDER_CODE_OTHER"}, "other"),
        "军字第123号": ("军字第123号", {"HOLDER_CODE_OTHER"}, "other"),
        "110101199003079990": (None, {"CHECK_DIGIT"}, None),
        "91310101PDY00001X5": (None, {"USCC_CHECK"}, None),
        "9131O101PDY00001X4": (None, {"CHARSET"}, None),
        "1101**********002X": (None, {"MASKED"}, None),
        "无": (None, {"PLACEHOLDER"}, None),
        "": (None, set(), None),
    }
    got = clean(holder_code(), list(expected))
    assert [(c.value, c.rules, c.companions["kind"]) for c in got] == list(expected.values())
