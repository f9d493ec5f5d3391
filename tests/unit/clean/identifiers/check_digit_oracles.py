"""Check digits in plain Python, one character at a time, after the text of the standards."""

U = "0123456789ABCDEFGHJKLMNPQRTUWXY"
B36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def citizen_check(first17: str) -> str:
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return "10X98765432"[sum(int(a) * w for a, w in zip(first17, weights, strict=True)) % 11]


def icao_check(first14: str) -> str:
    return str(sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate(first14)) % 10)


def uscc_check(first17: str) -> str:
    total = sum(U.index(c) * 3**i for i, c in enumerate(first17))
    return U[-total % 31]


def organization_check(first8: str) -> str:
    weights = [3, 7, 9, 10, 5, 8, 4, 2]
    rest = 11 - sum(B36.index(c) * w for c, w in zip(first8, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def registration_check(first14: str) -> str:
    p = 10
    for digit in first14:
        p = ((p + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - p) % 10)


def license_check(text: str) -> str:
    p = 36
    for sign in text:
        p = ((p + int(sign, 36)) % 36 or 36) * 2 % 37
    return B36[(37 - p) % 36]


def license_check_letters_plus_one(text: str) -> str:
    """What a published implementation computes; wrong, but in production."""
    p = 36
    for sign in text:
        value = int(sign) if sign.isdigit() else B36.index(sign) + 1
        total = p + value
        if sign.isdigit():
            total = total % 36 if total > 36 else total
        else:
            total = total % 37 if total > 37 else total
        p = (total % 36 or 36) * 2 % 37
    return B36[36 - p]
