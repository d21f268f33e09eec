"""Social security numbers become keyed codes; the clear number leaves this module no more (design 5.7).

``ssn_hash`` says whether two numbers are equal (HMAC-SHA256), ``ssn_near`` whether they are one slip apart (17 short
AES-CMACs; docs/adr: a million near codes a second instead of fifty thousand). Both need the key of the state home: without it
a billion guesses prove nothing. Nothing here logs or raises with a value.
"""

import base64
import csv
import hmac
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from schemas.key_files import read_ssn_keys

SSN_SCHEMA = pl.Schema({"ssn_hash": pl.String(), "ssn_near": pl.List(pl.String()), "ssn_status": pl.String()})
PLACEHOLDER_FILE = Path(__file__).parent / "ssn_placeholders.csv"
# Nine digits, or 3-2-4 with dashes; anything else is no SSN.
_FORM = r"^(?:[0-9]{9}|[0-9]{3}-[0-9]{2}-[0-9]{4})\z"
DIGITS = 9
NEAR_FORMS = 2 * DIGITS - 1
_HASH_BYTES = 24
# 48 bits are eight characters: two strangers' numbers meet once in a million million comparisons.
_NEAR_BYTES = 6
_AES_BLOCK = 16


class SsnHasher:
    """Turns a column of SSNs as sent into ssn_hash, ssn_near and ssn_status.

    Args:
        keys: living key versions. The hash is made under the newest; the near codes under all of them, so that a
            record hashed before a rotation is still recognised as long as its version lives.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._newest = max(keys)
        self._hash_key = keys[self._newest]
        # One key, one use: the near codes' keys are derived.
        self._near_keys = [hmac.digest(key, b"ssn_near", "sha256") for _, key in sorted(keys.items())]

    @classmethod
    def from_keys(cls, folder: Path) -> "SsnHasher":
        """With the keys of a state home.

        Raises:
            KeyUnavailable: a key is missing, or others can read it.
        """
        return cls(read_ssn_keys(folder))

    def __call__(self, ssns: pl.Series) -> pl.DataFrame:
        """SSN_SCHEMA, one row a value, in order; the codes are null unless ``ssn_status`` is ok."""
        checked = check_ssns(ssns)
        wanted = checked["digits"].drop_nulls().unique()
        codes = pl.DataFrame({"digits": wanted, "ssn_hash": self._hashes(wanted), "ssn_near": self._near_codes(wanted)})
        return checked.join(codes, on="digits", how="left", maintain_order="left").select(SSN_SCHEMA.names())

    def _hashes(self, digits: pl.Series) -> pl.Series:
        codes = [hmac.digest(self._hash_key, number, "sha256")[:_HASH_BYTES] for number in digits.cast(pl.Binary)]
        return f"v{self._newest}:" + _texts(b"".join(codes), _HASH_BYTES)

    def _near_codes(self, digits: pl.Series) -> pl.Series:
        forms = near_forms(digits)
        codes = np.concatenate([_cmac(key, forms)[..., :_NEAR_BYTES] for key in self._near_keys], axis=1)
        return _text_lists(codes)


def without_key(ssns: pl.Series) -> pl.DataFrame:
    """SSN_SCHEMA with the status alone: what a clerk's own desk, which has no key, can say."""
    checked = check_ssns(ssns)
    return checked.select(
        ssn_hash=pl.lit(None, pl.String), ssn_near=pl.lit(None, pl.List(pl.String)), ssn_status="ssn_status"
    )


def check_ssns(ssns: pl.Series) -> pl.DataFrame:
    """``ssn_status`` of each value, and ``digits`` where that is ok.

    ok, blank, placeholder (a number that names nobody, and counts as missing) or malformed.
    """
    sent = pl.col("sent").str.strip_chars()
    digits = pl.when(sent.str.contains(_FORM)).then(sent.str.replace_all("-", "", literal=True))
    status = (
        pl.when(sent.fill_null("") == "")
        .then(pl.lit("blank"))
        .when(digits.is_null())
        .then(pl.lit("malformed"))
        .when(digits.str.contains(placeholder_pattern()))
        .then(pl.lit("placeholder"))
        .otherwise(pl.lit("ok"))
    )
    checked = ssns.cast(pl.String).to_frame("sent").select(digits=digits, ssn_status=status)
    return checked.with_columns(digits=pl.when(pl.col("ssn_status") == "ok").then("digits"))


@cache
def placeholder_pattern() -> str:
    """What matches nine digits that name nobody."""
    with PLACEHOLDER_FILE.open(encoding="utf-8", newline="") as file:
        patterns = [row["pattern"] for row in csv.DictReader(file)]
    return rf"^(?:{'|'.join(patterns)})\z"


def near_forms(digits: pl.Series) -> np.ndarray:
    """17 spellings of each number; two numbers one wrong digit or one swap of neighbours apart share at least one.

    Nine have one position blanked, eight one pair of neighbours sorted. The first byte names the place and kind, so
    that forms of different places never meet.

    Returns:
        (n, 17, 16) bytes: one AES block a form, filled up with zeros.
    """
    numbers = np.frombuffer("".join(digits).encode("ascii"), dtype=np.uint8).reshape(-1, DIGITS)
    forms = np.zeros((len(numbers), NEAR_FORMS, _AES_BLOCK), dtype=np.uint8)
    forms[:, :, 0] = np.arange(NEAR_FORMS)
    forms[:, :, 1 : DIGITS + 1] = numbers[:, np.newaxis, :]
    for place in range(DIGITS):
        forms[:, place, place + 1] = 0
    for place in range(DIGITS - 1):
        pair = forms[:, DIGITS + place, place + 1 : place + 3]
        pair.sort(axis=1)
    return forms


def _cmac(key: bytes, blocks: np.ndarray) -> np.ndarray:
    """AES-CMAC of each block along the last axis. Source: NIST SP 800-38B, the case of one full block."""
    # ECB is what CMAC of a single block is made of: one encryption of block xor subkey.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    subkey = np.frombuffer(_subkey(encryptor.update(bytes(_AES_BLOCK))), dtype=np.uint8)
    return np.frombuffer(encryptor.update((blocks ^ subkey).tobytes()), dtype=np.uint8).reshape(blocks.shape)


def _subkey(encrypted_zero: bytes) -> bytes:
    """K1 of SP 800-38B: doubling in the field of 2**128 elements."""
    number = int.from_bytes(encrypted_zero)
    doubled = (number << 1) & (2**128 - 1)
    return (doubled ^ (0x87 if number >> 127 else 0)).to_bytes(_AES_BLOCK)


def _texts(codes: bytes, width: int) -> pl.Series:
    """Codes of ``width`` bytes, end to end, as base64url; a multiple of three leaves no remainder between them."""
    characters = base64.urlsafe_b64encode(codes)
    offsets = np.arange(0, len(characters) + 1, width // 3 * 4, dtype=np.int64)
    buffers = pa.py_buffer(offsets), pa.py_buffer(characters)
    return pl.Series(pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers), dtype=pl.String)


def _text_lists(codes: np.ndarray) -> pl.Series:
    """(n, k, 6) bytes as n lists of k texts of eight characters."""
    count, per_list, width = codes.shape
    starts = pa.array(np.arange(count + 1, dtype=np.int64) * per_list)
    texts = _texts(codes.tobytes(), width).to_arrow(compat_level=pl.CompatLevel.oldest())
    return pl.Series(pa.LargeListArray.from_arrays(starts, texts), dtype=pl.List(pl.String))
