"""What a run says of itself, as JSON."""

import json
from datetime import UTC, datetime

from flows.summary import RunSummary


def test_counts_stand_under_their_names() -> None:
    summary = RunSummary("20251006T140000Z", datetime(2025, 10, 6, 14, tzinfo=UTC))
    summary.files.update({"accepted": 2, "rejected": 1})
    summary.ids.update({"near_match": 3})
    summary.stage_seconds = {"identify": 0.12345}
    body = json.loads(json.dumps(summary.to_json()))
    assert body["files"] == {"accepted": 2, "rejected": 1} and body["ids"] == {"near_match": 3}
    assert body["records"] == {} and body["stage_seconds"] == {"identify": 0.123}
    assert body["started_at"] == "2025-10-06T14:00:00Z" and body["finished_at"] is None
