"""What people decided, applied to the requests of a run before anything is scored (docs/adr/0012-decisions-are-facts.md).

A decision is about a record. It holds for the same line of the same file, for a record of the same district that says the
same (local ID, names, birth date, gender, SSN), and, where it keeps two children apart, for every record of the same
district and local ID whose names or birth date still agree.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from matching.people_facts import CANNOT, MUST, Closure, Fact, Source, contradictions, settled
from matching.questions import CANCEL
from matching.reasons import CANCELED, NEAR_MATCH, REUSED
from matching.requests import ANSWER_SCHEMA, REQUEST_TABLE
from matching.run_state import RunState
from matching.stored_facts import load_facts, place_keys

# What says who a record is about; two records that agree in all of it, nulls included, say the same.
_IDENTITY = (
    "district_code", "local_student_id", "last_name_key", "first_name_key", "middle_name_key", "suffix_key",
    "birth_date", "gender", "ssn_hash",
)  # fmt: skip
CONTRADICTION_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "line_number": pl.UInt32(), "near_match_id": pl.String(), "detail": pl.String(),
})  # fmt: skip
_OWN, _SAME, _ENROLMENT = "own", "same", "enrolment"


@dataclass(frozen=True)
class Followed:
    """What people's decisions leave to the later steps.

    Attributes:
        ruled_out: request_id, person: whom a request cannot be.
        contradictions: CONTRADICTION_SCHEMA, one row a returned answer that cannot stand; detail names both facts.
    """

    ruled_out: pl.DataFrame
    contradictions: pl.DataFrame


def follow_people(run: RunState) -> Followed:
    """Settles what people decided about these requests."""
    answered = _agreed_answers(run)
    own = _own_questions(run)
    told_before, decided = load_facts(run.cursor, _nodes(run, answered, own))
    records = pl.concat([decided, _answered_records(run, answered)], how="vertical_relaxed")
    old = settled([*told_before, *_same_records(records)])
    new = _told_facts(answered)
    refused = contradictions(old, new)
    answered = _left_open(answered, {str(fact.source and fact.source.question) for fact in refused})
    refused_questions = set(answered.filter(pl.col("answer_reason") == "RETURN_CONTRADICTS")["near_match_id"])
    kept = [fact for fact in new if fact.source and fact.source.question not in refused_questions]
    _settle_answers(run, answered)
    links = _links(run, records, own).join(answered, on="request_id", how="anti")
    told = _told(links, Closure([*old, *kept]))
    _settle_told(run, told)
    different = answered.filter(pl.col("answer") == "different").explode("ruled_out")
    ruled_out = pl.concat(
        [
            told.filter(pl.col("kind") == CANNOT).select("request_id", "person"),
            different.select("request_id", person="ruled_out"),
        ]
    )
    return Followed(ruled_out.drop_nulls().unique(maintain_order=True), _in_words(run, answered, refused))


def _agreed_answers(run: RunState) -> pl.DataFrame:
    """Answers out of returned worklists; two returns that contradict each other leave the question open."""
    answers = run.requests.filter(pl.col("answer").is_not_null()).join(run.open_ids(), on="request_id")
    answers = answers.select("request_id", "district_code", *ANSWER_SCHEMA)
    disagree = pl.struct("answer", "answer_person").n_unique().over("near_match_id") > 1
    return answers.with_columns(
        answer=pl.when(disagree).then(pl.lit("open")).otherwise("answer"),
        answer_reason=pl.when(disagree).then(pl.lit("RETURN_TWO_SAME")).otherwise("answer_reason"),
    )


def _answered_records(run: RunState, answered: pl.DataFrame) -> pl.DataFrame:
    """near_match_id and what identifies the records of the questions that this run's returns answer."""
    asked = answered.select("request_id").join(run.requests, on="request_id")
    return asked.select("near_match_id", *_IDENTITY).unique("near_match_id", maintain_order=True)


def _same_records(records: pl.DataFrame) -> list[Fact]:
    """Records that say the same are one child's; without a local ID and an SSN nothing says so."""
    known = records.filter(pl.col("local_student_id").is_not_null() | pl.col("ssn_hash").is_not_null())
    grouped = known.group_by(_IDENTITY).agg(pl.col("near_match_id").unique().sort())
    return [Fact(MUST, first, other) for first, *others in grouped["near_match_id"].to_list() for other in others]


def _told_facts(answered: pl.DataFrame) -> list[Fact]:
    """What the answers of this run say, as facts."""
    facts = []
    for row in answered.iter_rows(named=True):
        question = row["near_match_id"]
        source = Source(question, row["answer_actor"] or f"district {row['district_code']}")
        if row["answer"] == "same":
            facts.append(Fact(MUST, question, row["answer_person"], source))
        elif row["answer"] == "different":
            facts += [Fact(CANNOT, question, person, source) for person in row["ruled_out"] or ()]
    return facts


def _left_open(answered: pl.DataFrame, questions: set[str]) -> pl.DataFrame:
    """The answers, with those to these questions taken back."""
    refused = pl.col("near_match_id").is_in(sorted(questions)) & pl.col("answer").is_in(["same", "different"])
    return answered.with_columns(
        answer=pl.when(refused).then(pl.lit("open")).otherwise("answer"),
        answer_reason=pl.when(refused).then(pl.lit("RETURN_CONTRADICTS")).otherwise("answer_reason"),
    )


def _settle_answers(run: RunState, answered: pl.DataFrame) -> None:
    same = answered.filter(pl.col("answer") == "same").select("request_id", person="answer_person")
    run.settle(same.with_columns(outcome=pl.lit(REUSED), reason=pl.lit("DECIDED_SAME"), step=pl.lit("decision")))
    run.settle_as(answered.filter(pl.col("answer") == CANCEL), CANCELED, "DECIDED_CANCEL", "decision")
    run.settle_as(answered.filter(pl.col("answer") == "open"), NEAR_MATCH, pl.col("answer_reason"), "decision")


def _told(links: pl.DataFrame, closure: Closure) -> pl.DataFrame:
    """request_id, kind, person and reason of what decisions say about requests, by the decided records they resemble."""
    rows: list[tuple[int, str, str | None, str | None]] = []
    for request_id, group in groupby(links.iter_rows(named=True), key=itemgetter("request_id")):
        rows += _follow(request_id, list(group), closure)
    schema = {"request_id": pl.Int64, "kind": pl.String, "person": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _follow(
    request_id: int, links: list[dict[str, Any]], closure: Closure
) -> list[tuple[int, str, str | None, str | None]]:
    """What the decided records that a request is linked with say about it."""
    if any(link["link"] == _OWN and link["is_canceled"] for link in links):
        return [(request_id, CANCEL, None, "DECIDED_CANCEL")]
    own = {person for link in links if link["link"] == _OWN for person in closure.persons_of(link["near_match_id"])}
    said = own or {
        person for link in links if link["link"] == _SAME for person in closure.persons_of(link["near_match_id"])
    }
    ruled_out = {person for link in links for person in closure.ruled_out(link["near_match_id"])}
    parted = sorted(ruled_out - said)
    found: list[tuple[int, str, str | None, str | None]] = []
    if len(said) == 1 and (own or not said & ruled_out):
        is_direct = own and any(link["is_same"] for link in links if link["link"] == _OWN)
        found.append((request_id, MUST, said.pop(), "DECIDED_SAME" if is_direct else "DECIDED_BEFORE"))
    return found + [(request_id, CANNOT, person, None) for person in parted]


def _settle_told(run: RunState, told: pl.DataFrame) -> None:
    must = told.filter(pl.col("kind") == MUST)
    run.settle(must.with_columns(outcome=pl.lit(REUSED), step=pl.lit("decision")))
    run.settle_as(told.filter(pl.col("kind") == CANCEL), CANCELED, "DECIDED_CANCEL", "decision")


def _own_questions(run: RunState) -> pl.DataFrame:
    """request_id and near_match_id of open requests whose very line was decided; is_canceled, is_same (by a SAME)."""
    return run.cursor.sql(
        f"""
        SELECT q.request_id, d.near_match_id, bool_or(d.kind = '{CANCEL}') AS is_canceled,
               bool_or(d.kind = '{MUST}') AS is_same
        FROM {REQUEST_TABLE} q
        JOIN state.identity.near_match n ON n.sha256 = q.sha256 AND n.line_number = q.line_number
        JOIN state.identity.decision d ON d.near_match_id = n.near_match_id
        WHERE q.is_open GROUP BY ALL ORDER BY ALL
        """
    ).pl()


def _nodes(run: RunState, answered: pl.DataFrame, own: pl.DataFrame) -> pl.Series:
    """What the requests of the run have in common with decided records: questions, places, and numbers that answers name."""
    places = run.requests.select(pl.concat_list(place_keys()).explode().drop_nulls().unique()).to_series()
    named = [answered["answer_person"], answered["ruled_out"].explode(), answered["near_match_id"]]
    return pl.concat([one.rename("node").cast(pl.String) for one in (places, own["near_match_id"], *named)])


def _links(run: RunState, records: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """request_id, near_match_id and link (own, same, enrolment) of open requests and the decided records they resemble.

    A record that names an ID is left to the evidence: the ID may be the better answer.
    """
    requests = run.requests.join(run.open_ids(), on="request_id").select("request_id", "submitted_state_id", *_IDENTITY)
    placed = records.filter(pl.col("local_student_id").is_not_null())
    has_number = pl.col("local_student_id").is_not_null() | pl.col("ssn_hash").is_not_null()
    same = requests.filter(has_number, pl.col("submitted_state_id").is_null()).join(
        records, on=_IDENTITY, nulls_equal=True
    )
    here = requests.join(placed, on=["district_code", "local_student_id"], suffix="_decided")
    enrolment = here.filter(
        (pl.col("birth_date") == pl.col("birth_date_decided"))
        | (
            (pl.col("last_name_key") == pl.col("last_name_key_decided"))
            & (pl.col("first_name_key") == pl.col("first_name_key_decided"))
        )
    )
    inherited = [
        frame.select("request_id", "near_match_id", is_canceled=False, is_same=False, link=pl.lit(link))
        for frame, link in ((same, _SAME), (enrolment, _ENROLMENT))
    ]
    return pl.concat([own.with_columns(link=pl.lit(_OWN)), *inherited], how="vertical_relaxed").sort(
        "request_id", "near_match_id", "link"
    )


def _in_words(run: RunState, answered: pl.DataFrame, refused: dict[Fact, Fact]) -> pl.DataFrame:
    """One row an answer that was refused, with the fact it states and the one it contradicts."""
    districts = dict(
        answered.select("near_match_id", "request_id")
        .join(run.requests.select("request_id", "district_code"), on="request_id")
        .select("near_match_id", "district_code")
        .iter_rows()
    )
    details: dict[str, str] = {}
    for fact, other in sorted(refused.items(), key=lambda item: item[0].pair):
        if fact.source and (question := fact.source.question):
            reader = districts.get(question)
            both = f"Yours: {fact.in_words(reader)}. Against it: {other.in_words(reader)}."
            details.setdefault(question, both)
    lines = answered.filter(pl.col("answer_reason") == "RETURN_CONTRADICTS").join(
        run.requests.select("request_id", "submission_id", "line_number"), on="request_id"
    )
    words = pl.DataFrame(
        {"near_match_id": list(details), "detail": list(details.values())},
        schema={"near_match_id": pl.String, "detail": pl.String},
    )
    return (
        lines.join(words, on="near_match_id")
        .select(*CONTRADICTION_SCHEMA)
        .cast(CONTRADICTION_SCHEMA)
        .sort("line_number")
    )
