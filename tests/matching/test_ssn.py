"""SSNs: their forms, placeholders, codes and keys."""

import base64
import csv
import hmac
from pathlib import Path

import polars as pl
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.ssn import NEAR_FORMS, PLACEHOLDER_FILE, SSN_SCHEMA, SsnHasher, check_ssns, near_forms, without_key
from schemas.errors import KeyUnavailable

KEY = bytes(range(32))
hasher = SsnHasher({1: KEY})


def near(ssn: str, by: SsnHasher = hasher) -> set[str]:
    return set(by(pl.Series([ssn]))["ssn_near"].item().to_list())


@pytest.mark.parametrize(
    "sent, status",
    [
        ("123456780", "ok"), ("123-45-6780", "ok"), (" 123456780 ", "ok"),
        (None, "blank"), ("", "blank"), ("   ", "blank"),
        ("12345678", "malformed"), ("1234567890", "malformed"), ("123-456780", "malformed"), ("12-345-6780", "malformed"),
        ("123 45 6780", "malformed"), ("123456780\n1", "malformed"), ("12345678O", "malformed"), ("١٢٣٤٥٦٧٨٠", "malformed"),
        ("000123456", "placeholder"), ("001123456", "ok"), ("666123456", "placeholder"), ("665123456", "ok"), ("667123456", "ok"),
        ("900123456", "placeholder"), ("899123456", "ok"), ("999999999", "placeholder"),
        ("123001234", "placeholder"), ("123011234", "ok"), ("123450000", "placeholder"), ("123450001", "ok"),
        ("111111111", "placeholder"), ("111-11-1111", "placeholder"), ("111111112", "ok"),
        ("123456789", "placeholder"), ("078051120", "placeholder"), ("219-09-9999", "placeholder"), ("457555462", "placeholder"),
    ],
)  # fmt: skip
def test_status(sent: str | None, status: str) -> None:
    row = hasher(pl.Series([sent], dtype=pl.String)).row(0, named=True)
    assert row["ssn_status"] == status
    assert (row["ssn_hash"] is None) == (row["ssn_near"] is None) == (status != "ok")


def test_every_placeholder_row_is_used_and_names_its_source() -> None:
    with PLACEHOLDER_FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        example = row["pattern"].replace("[0-9]{9}", "1" * 9)
        for count in range(8, 1, -1):
            example = example.replace(f"[0-9]{{{count}}}", "123456789"[:count])
        assert check_ssns(pl.Series([example]))["ssn_status"].item() == "placeholder"
        assert row["reason"] and row["source"]


def test_hash_is_hmac_sha256_under_the_key_version() -> None:
    expected = base64.urlsafe_b64encode(hmac.digest(KEY, b"123456780", "sha256")[:24]).decode()
    assert hasher(pl.Series(["123-45-6780"]))["ssn_hash"].item() == f"v1:{expected}"


def test_near_codes_are_the_library_s_cmac() -> None:
    number = pl.Series(["123456780"])
    codes = hasher(number)["ssn_near"].item().to_list()
    for code, form in zip(codes, near_forms(number)[0], strict=True):
        mac = CMAC(AES(hmac.digest(KEY, b"ssn_near", "sha256")))
        mac.update(form.tobytes())
        assert code == base64.urlsafe_b64encode(mac.finalize()[:6]).decode()


def test_equal_numbers_give_equal_codes_whatever_their_spelling_and_neighbours() -> None:
    codes = hasher(pl.Series(["123456780", None, "123-45-6780", "222334444", "123456780"]))
    first = codes.row(0)
    assert codes.row(2) == codes.row(4) == first
    assert codes.row(3) != first and codes.row(1) == (None, None, "blank")
    assert codes.schema == SSN_SCHEMA


def test_another_key_gives_other_codes() -> None:
    other = SsnHasher({1: bytes(32)})
    ssn = pl.Series(["123456780"])
    assert other(ssn)["ssn_hash"].item() != hasher(ssn)["ssn_hash"].item()
    assert not near("123456780", other) & near("123456780")


SSN = st.from_regex(r"[1-5][0-9]{2}[1-9][1-9][1-9]{4}", fullmatch=True).filter(lambda ssn: len(set(ssn)) > 1)


@given(SSN, st.integers(0, 8), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_one_wrong_digit_shares_a_near_code(ssn: str, place: int, by: int) -> None:
    slip = ssn[:place] + str((int(ssn[place]) + by) % 10) + ssn[place + 1 :]
    if (
        check_ssns(pl.Series([slip]))["ssn_status"].item() == "ok"
        and check_ssns(pl.Series([ssn]))["ssn_status"].item() == "ok"
    ):
        assert near(ssn) & near(slip)


@given(SSN, st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_swapped_neighbours_share_a_near_code(ssn: str, place: int) -> None:
    slip = ssn[:place] + ssn[place + 1] + ssn[place] + ssn[place + 2 :]
    if (
        check_ssns(pl.Series([slip]))["ssn_status"].item() == "ok"
        and check_ssns(pl.Series([ssn]))["ssn_status"].item() == "ok"
    ):
        assert near(ssn) & near(slip)


@pytest.mark.parametrize("other", ["123456871", "213456870", "321456780", "123456712"])
def test_two_slips_share_none(other: str) -> None:
    assert not near("123456780") & near(other)


def test_forms_of_different_places_never_meet() -> None:
    """A digit blanked here and one blanked there may leave the same digits; they are not the same slip."""
    assert len(near("112233445")) == NEAR_FORMS
    assert not near("122334455") & near("223344551")


def test_rotation_keeps_old_codes_recognisable() -> None:
    rotated = SsnHasher({1: KEY, 2: bytes(32)})
    row = rotated(pl.Series(["123456780"])).row(0, named=True)
    assert row["ssn_hash"].startswith("v2:")
    assert len(row["ssn_near"]) == 2 * NEAR_FORMS
    assert near("123456780") < set(row["ssn_near"])


def test_a_desk_without_key_still_tells_the_status() -> None:
    found = without_key(pl.Series(["123456780", "1", None]))
    assert found["ssn_status"].to_list() == ["ok", "malformed", "blank"]
    assert found.schema == SSN_SCHEMA and found["ssn_hash"].null_count() == 3


@pytest.mark.parametrize("values", [[], [None, ""]])
def test_nothing_to_hash(values: list[str | None]) -> None:
    found = hasher(pl.Series(values, dtype=pl.String))
    assert found.schema == SSN_SCHEMA and found.height == len(values)


def test_keys_come_from_the_home(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="missing"):
        SsnHasher.from_keys(tmp_path)
    path = tmp_path / "ssn_v1.key"
    path.write_bytes(KEY)
    path.chmod(0o600)
    assert SsnHasher.from_keys(tmp_path)(pl.Series(["123456780"])).equals(hasher(pl.Series(["123456780"])))
