"""How a file becomes records: bytes -> text -> one row a record, every physical line accounted for.

``read_extract`` reads delimited and fixed-width extracts and ID batches; ``returns.read_near_match_return`` the
worklists that districts send back. What a file is has been decided before (``schemas.inbox.recognise``).
"""

from schemas.reading.extract import BatchHeader, Extract, HashSsn
from schemas.reading.reader import read_extract
from schemas.reading.recognition import NEAR_MATCH_RETURN, Recognition
from schemas.reading.returns import read_near_match_return

__all__ = [
    "NEAR_MATCH_RETURN",
    "BatchHeader",
    "Extract",
    "HashSsn",
    "Recognition",
    "read_extract",
    "read_near_match_return",
]
