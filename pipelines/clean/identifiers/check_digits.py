"""Check digits as column expressions. Every function expects text of the right form.

What does not have that form gives NULL or a meaningless number, never an error; the caller asks for
the form first. Every sign is read once: a naive sum over 17 casts takes four times as long.

Totals and signs are apart so that a total can be a step of its own: a sign names it several times.
Neither belongs inside a CASE, where DuckDB computes every mention of the same term anew.
"""

from collections.abc import Sequence
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers.fold import fold

DIGITS = "0123456789"
BASE_31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I, O, S, V, Z
BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

MOD_11_2_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))
MOD_31_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ICAO_WEIGHTS = (7, 3, 1) * 4 + (7, 3)


def mod_11_2_total(first17: ir.IntegerValue) -> ir.IntegerValue:
    """0 to 10 for the first 17 digits of a citizen id (GB 11643, ISO 7064 MOD 11-2)."""
    return weighted_digits(first17, MOD_11_2_WEIGHTS, 11)


def mod_11_2_sign(total: ir.IntegerValue) -> ir.StringValue:
    """The 18th character of a citizen id."""
    return ibis.literal("10X98765432").substr(total, 1)


def icao_9303(first14: ir.StringValue) -> ir.StringValue:
    """The 15th character of an older foreign permanent resident's number (ICAO 9303, 7-3-1)."""
    return (weighted_signs(first14, BASE_36, ICAO_WEIGHTS) % 10).cast("string")


def mod_31_total(text: ir.StringValue) -> ir.IntegerValue:
    """The weighted sum of the first 17 characters of a USCC (GB 32100-2015)."""
    return weighted_signs(text, BASE_31, MOD_31_WEIGHTS)


def mod_31_sign(total: ir.IntegerValue) -> ir.StringValue:
    """The 18th character of a USCC; remainder 0 gives ``0``."""
    return ibis.literal(BASE_31).substr((31 - total % 31) % 31, 1)


def organization_total(text: ir.StringValue, start: int = 0) -> ir.IntegerValue:
    """The weighted sum of 8 characters of an organisation code (GB 11714), from ``start`` on."""
    return weighted_signs(text, BASE_36, ORGANIZATION_WEIGHTS, start)


def organization_sign(total: ir.IntegerValue) -> ir.StringValue:
    """The 9th character of an organisation code: 10 is written ``X``, 11 is written ``0``."""
    return ibis.literal("0123456789X").substr((11 - total % 11) % 11, 1)


def mod_11_10(first14: ir.StringValue) -> ir.StringValue:
    """The 15th digit of a registration number for its first 14 (GS 15-2006, ISO 7064 MOD 11,10)."""
    # 1 + (x - 1) mod 10 is x mod 10 with 10 in place of 0.
    last = fold(
        sign_values(first14, DIGITS),
        10,
        lambda state, digit: ((state + digit + 9) % 10 + 1) * 2 % 11,
    )
    return ((11 - last) % 10).cast("string")


def mod_37_36_total(text: ir.StringValue) -> ir.IntegerValue:
    """1 to 36 for a licence identifier's digits and letters (GB/T 36904, ISO 7064 MOD 37,36)."""
    signs = sign_values(text, BASE_36)
    return fold(signs, 36, lambda state, sign: ((state + sign + 35) % 36 + 1) * 2 % 37)


def mod_37_36_sign(total: ir.IntegerValue) -> ir.StringValue:
    """The check character of a licence identifier."""
    return ibis.literal(BASE_36).substr((37 - total) % 36, 1)


def letters_plus_one_total(text: ir.StringValue) -> ir.IntegerValue:
    """The same by a wrong algorithm that is in production.

    It takes A = 11 … Z = 36 instead of A = 10 … Z = 35, and reduces a sum modulo 37 after a letter,
    modulo 36 after a digit.
    """

    def carry(state: ir.IntegerValue, sign: ir.IntegerValue) -> ir.IntegerValue:
        after_letter = ibis.greatest((state + sign + 1) % 37, 1)
        after_digit = (state + sign + 35) % 36 + 1
        return ibis.ifelse(sign > 9, after_letter, after_digit) * 2 % 37

    return fold(sign_values(text, BASE_36), 36, carry)


def letters_plus_one_sign(total: ir.IntegerValue) -> ir.StringValue:
    """The check character of the wrong algorithm."""
    return ibis.literal(BASE_36).substr(36 - total, 1)


# Whether a check character is right, for plain forms: a congruence names its total once, a sign
# three times. What is not of the right form gives a meaningless answer.


def is_right_mod_11_2(text: ir.StringValue) -> ir.BooleanValue:
    """Of a citizen id of 18 characters (GB 11643)."""
    total = weighted_signs(text, DIGITS, MOD_11_2_WEIGHTS) + _sign(text, 17, DIGITS + "X")
    return total % 11 == 1


def is_right_mod_31(text: ir.StringValue) -> ir.BooleanValue:
    """Of a USCC (GB 32100)."""
    return (mod_31_total(text) + _sign(text, 17, BASE_31)) % 31 == 0


def is_right_organization(text: ir.StringValue, start: int = 0) -> ir.BooleanValue:
    """Of an organisation code (GB 11714) that begins at ``start``."""
    return (organization_total(text, start) + _sign(text, start + 8, DIGITS + "X")) % 11 == 0


def sign_values(text: ir.StringValue, alphabet: str) -> ir.ArrayValue:
    """Each sign as its place in the alphabet, -1 if it is not in it."""
    return ibis.range(0, text.length()).map(
        lambda place: _sign(text, place, alphabet).cast("int64")
    )


def weighted_signs(
    text: ir.StringValue, alphabet: str, weights: Sequence[int], start: int = 0
) -> ir.IntegerValue:
    """Sum over the signs from ``start`` on: place in the alphabet times weight."""
    terms = (
        _sign(text, place, alphabet) * weight for place, weight in enumerate(weights, start=start)
    )
    return sum(terms, start=ibis.literal(0))


def weighted_digits(
    number: ir.IntegerValue, weights: Sequence[int], modulus: int
) -> ir.IntegerValue:
    """The weighted sum of a number's digits modulo ``modulus``, one remainder per digit.

    Args:
        number: As many decimal digits as there are weights, at most 17 (leading zeros count).
        weights: From the most significant digit to the least.
        modulus: Without a common factor with 10, at most 37, so that 64 bits suffice.

    With q_k = n div 10^k the k-th digit is q_k - 10 q_(k+1), so the sum is a linear form in the
    q_k; and q_k = (n - n mod 10^k) / 10^k, where the division modulo ``modulus`` is a product with
    the inverse of 10^k. Division itself is avoided because Ibis has it done in floating point,
    which is inexact for 17 digits.
    """
    ascending = [0, *reversed(weights)]
    inverse = pow(10, -1, modulus)
    factors = [
        (weight - 10 * lower) * pow(inverse, k, modulus) % modulus
        for k, (lower, weight) in enumerate(pairwise(ascending))
    ]
    total = number * (sum(factors) % modulus)
    for k, factor in enumerate(factors[1:], start=1):
        total = total + (number % 10**k) * (-factor % modulus)
    return total % modulus


def _sign(text: ir.StringValue, place: int | ir.IntegerValue, alphabet: str) -> ir.IntegerValue:
    """The place of one sign in the alphabet; -1 if it is not in it."""
    return ibis.literal(alphabet).find(text.substr(place, 1))
