"""Check digits for whole columns at once: what the demo's numbers are made with.

Independent of ``pipelines.clean`` on purpose: a mistake there must not be copied into the truth.
All functions take a matrix of ASCII codes (rows, width) and return one code per row.
"""

import numpy as np

from pipelines.demo.text import Matrix

DIGITS36 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS31 = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_ID_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)], np.int64)
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], np.int64)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.int64)


def _values(alphabet: bytes) -> Matrix:
    table = np.zeros(256, np.uint8)
    table[np.frombuffer(alphabet, np.uint8)] = np.arange(len(alphabet))
    return table


_VALUE36, _VALUE31 = _values(DIGITS36), _values(DIGITS31)
_CODE36, _CODE31 = np.frombuffer(DIGITS36, np.uint8), np.frombuffer(DIGITS31, np.uint8)


def citizen_id_check(first17: Matrix) -> Matrix:
    """GB 11643-1999, ISO 7064 MOD 11-2 over 17 digits."""
    check: Matrix = _ID_CHECKS[(_VALUE36[first17].astype(np.int64) @ _ID_WEIGHTS) % 11]
    return check


def uscc_check(first17: Matrix) -> Matrix:
    """GB 32100-2015, MOD 31 over 17 characters."""
    check: Matrix = _CODE31[-(_VALUE31[first17].astype(np.int64) @ _USCC_WEIGHTS) % 31]
    return check


def organization_code_check(first8: Matrix) -> Matrix:
    """GB 11714-1997, MOD 11 over 8 characters; 10 is written X and 11 is written 0."""
    check = (11 - _VALUE36[first8].astype(np.int64) @ _ORG_WEIGHTS) % 11
    return np.where(check == 10, ord("X"), check + ord("0")).astype(np.uint8)


def registration_number_check(first14: Matrix) -> Matrix:
    """GS 15-2006, ISO 7064 MOD 11,10 over 14 digits."""
    return _hybrid(first14, 10)


def license_identifier_check(joined: Matrix) -> Matrix:
    """GB/T 36904-2018, ISO 7064 MOD 37,36 over type, issuer, serial and version without dots."""
    return _hybrid(joined, 36)


def _hybrid(joined: Matrix, base: int) -> Matrix:
    """The hybrid systems of ISO 7064: MOD base+1, base."""
    product = np.full(len(joined), base, np.int64)
    for column in range(joined.shape[1]):
        total = (product + _VALUE36[joined[:, column]]) % base
        product = 2 * np.where(total == 0, base, total) % (base + 1)
    return _CODE36[(base + 1 - product) % base]
