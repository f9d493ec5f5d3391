"""Check digits in plain Python, written from the standards and not from the code under test."""

UPPER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def citizen_id_is_valid(text: str) -> bool:
    values = [10 if sign == "X" else int(sign) for sign in text]
    weights = [pow(2, 17 - place, 11) for place in range(18)]
    return sum(v * w for v, w in zip(values, weights, strict=True)) % 11 == 1


def organization_code_is_valid(text: str) -> bool:
    weights = [3, 7, 9, 10, 5, 8, 4, 2]
    rest = 11 - sum(int(c, 36) * w for c, w in zip(text[:8], weights, strict=True)) % 11
    return text[8] == {10: "X", 11: "0"}.get(rest, str(rest))


def uscc_is_valid(text: str) -> bool:
    total = sum(CREDIT.index(c) * pow(3, place, 31) for place, c in enumerate(text[:17]))
    return text[17] == CREDIT[-total % 31] and organization_code_is_valid(text[8:17])


def hybrid_is_valid(text: str, base: int) -> bool:
    """ISO/IEC 7064 MOD base+1, base with the check character last."""
    product = base
    for sign in text[:-1]:
        product = ((product + int(sign, 36)) % base or base) * 2 % (base + 1)
    return (product + UPPER.index(text[-1])) % base == 1


def license_identifier_is_valid(text: str) -> bool:
    return hybrid_is_valid("".join(text.split(".")[5:]), 36)
