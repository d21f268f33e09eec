"""How a file becomes records: bytes -> text -> one row a record, every physical line accounted for.

``read_extract`` reads delimited and fixed-width extracts and ID batches; ``returns.read_near_match_return`` the
worklists that districts send back; ``lookups.read_locator_request`` what districts want to find. What a file is has
been decided before (``schemas.inbox.recognise``).
"""

from schemas.reading.extract import BatchHeader, Extract
from schemas.reading.lookups import read_locator_request
from schemas.reading.reader import read_extract
from schemas.reading.recognition import LOCATOR_REQUEST, NEAR_MATCH_RETURN, Recognition
from schemas.reading.returns import read_near_match_return
from schemas.reading.signed_forms import SIGNED_FORMS, read_signed_form
from schemas.reading.staff import HashSsn

__all__ = [
    "LOCATOR_REQUEST",
    "NEAR_MATCH_RETURN",
    "SIGNED_FORMS",
    "BatchHeader",
    "Extract",
    "HashSsn",
    "Recognition",
    "read_extract",
    "read_locator_request",
    "read_near_match_return",
    "read_signed_form",
]
