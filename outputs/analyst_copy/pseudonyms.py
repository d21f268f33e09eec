"""Pseudonyms: what stands in the analysts' copy where the pipeline has a state ID or an educator's identifier.

HMAC-SHA256 of the number under a key of its own, cut to 80 bits: two of three million children share one with a chance of about
4 in a million million, and without the key no list of all numbers gives one back.
"""

import base64
import hmac
from collections.abc import Sequence

import polars as pl

_BYTES = 10
STUDENT, EDUCATOR = "P", "E"
# Nothing that could be a number of a person: the fingerprint tells two keys apart and is nobody's pseudonym.
_FINGERPRINT_OF = b"which key is this"


def make_pseudonyms(numbers: Sequence[str], key: bytes, prefix: str = STUDENT) -> pl.Series:
    """One text a number, in order: the prefix and sixteen characters of base 32."""
    return pl.Series([f"{prefix}{_code(key, number.encode('utf-8'))}" for number in numbers], dtype=pl.String)


def pseudonym_fingerprint(key: bytes) -> str:
    """What tells whether two copies were made with one key, without telling the key."""
    return _code(key, _FINGERPRINT_OF)


def _code(key: bytes, text: bytes) -> str:
    return base64.b32encode(hmac.digest(key, text, "sha256")[:_BYTES]).decode("ascii")
