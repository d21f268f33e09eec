"""The two baselines that stand beside our figures, on children small enough to link by eye and on a small state."""

from datetime import date

import polars as pl
import pytest

from flows.accuracy import Order, sample_requests
from matching.evaluation import evaluate
from matching.exact_rule import link_by_rule
from matching.plain_splink import link_plainly

# last, first, birth date, district, local ID
RECORDS = [
    ("García", "Ana", date(2012, 1, 2), "1", "11"),
    ("GARCIA", "Ana", date(2012, 1, 2), "2", "21"),
    ("Lopez", "Ana", date(2012, 1, 2), "2", "21"),
    ("Garcia", "Anna", date(2012, 1, 2), "3", "11"),
]


def test_the_exact_rule_joins_equal_names_and_equal_places_and_whatever_hangs_together() -> None:
    columns = ["last_name", "first_name", "birth_date", "district_code", "local_student_id"]
    requests = pl.DataFrame(RECORDS, schema=columns, orient="row").with_columns(
        *(
            pl.lit(None, pl.String).alias(n)
            for n in ("middle_name", "suffix", "guardian_last_name", "guardian_first_name")
        ),
        submission_id=pl.lit("S"),
        line_number=pl.int_range(pl.len()),
    )
    ids = link_by_rule([requests])["state_id"].to_list()
    assert ids[0] == ids[1] == ids[2] != ids[3]


@pytest.mark.slow
def test_plain_splink_links_most_and_merges_twins() -> None:
    requests, truth = sample_requests(Order(4000, 10, 7))
    table = evaluate(truth, link_plainly(requests)).filter(pl.col("subgroup") == "all")
    figures = dict(table.select("measure", "value").iter_rows())
    assert figures["moves linked"] > 85
    assert figures["settled without a clerk"] == 100
    assert figures["twin sets merged"] > 10
