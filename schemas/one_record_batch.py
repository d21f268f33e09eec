"""An ID batch of one record, made from what somebody typed (design 3.2)."""

from collections.abc import Mapping
from datetime import datetime

from schemas.clock import MISSOURI
from schemas.dictionary import RecordLayout

DELIMITER = "\t"


def one_record_batch(values: Mapping[str, str | None], layout: RecordLayout, at: datetime) -> bytes:
    """The bytes of the batch: UTF-8, CRLF, tab delimited, dated in Missouri; the TransmissionID is the moment.

    Args:
        values: text by standard name of the layout; what is not named is blank.
    """
    local = at.astimezone(MISSOURI)
    transmission = f"{local:%m%d%H%M%S}"
    record = {**values, "record_type": "ID"}
    detail = DELIMITER.join(_written(record.get(name)) for name in layout.standard_names)
    lines = (
        f"TH\t{local:%m/%d/%Y}\t{local:%H:%M:%S}\t{transmission}\t1.0\tdelimiter=0x09", detail, f"TT\t1\t{transmission}",
    )  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _written(value: str | None) -> str:
    """A value on one line, in quotation marks only where it would be misread without."""
    text = " ".join((value or "").split())
    return '"' + text.replace('"', '""') + '"' if '"' in text else text
