"""Which person each record of a run is: all submissions of the run at once, against the ledger as it stands (design 5).

The order of evidence is the order of this file: what people decided, the ID that was sent, the district's own number, one
exact match, the model, and then the new children among themselves. Nothing here writes to the state.
"""

from dataclasses import dataclass, field

import duckdb
import polars as pl

from matching.candidates import PairScorer, displayed_people, person_places, score_open_requests
from matching.crowds import clear_shared_values
from matching.exact import settle_exact
from matching.following import CONTRADICTION_SCHEMA, follow_people
from matching.guards import VETO
from matching.held_numbers import refuse_held
from matching.mistyped_ids import tell_mistyped
from matching.model import Model, load_model
from matching.nameless import names_only_a_number, settle_nameless
from matching.new_with_new import number_new_people
from matching.proposals import NOBODY_ALIKE, PAIR_SCHEMA, pairs_of_run
from matching.questions import CANDIDATE_SCHEMA, UNANSWERED, make_candidates, near_match_ids, open_candidates
from matching.reasons import CONFIRMED, ERROR, NEAR_MATCH, NEW, REUSED
from matching.requests import prepare_requests, workspace
from matching.run_state import RunState
from matching.second_look import decide_in_turns

ASSIGNMENT_SCHEMA = pl.Schema({
    "submission_id": pl.String(), "sha256": pl.String(), "line_number": pl.UInt32(), "outcome": pl.String(),
    "reason": pl.String(), "state_id": pl.String(), "person_number": pl.Int64(), "step": pl.String(),
    "match_weight": pl.Float64(), "margin": pl.Float64(), "model_version": pl.String(), "near_match_id": pl.String(),
})  # fmt: skip

WARNING_SCHEMA = pl.Schema({"submission_id": pl.String(), "line_number": pl.UInt32(), "reason": pl.String()})


@dataclass(frozen=True)
class Decisions:
    """What came out of a run.

    Attributes:
        assignments: one row a request, ASSIGNMENT_SCHEMA. Requests with one person_number are one new child.
        candidates: one row a question and person, CANDIDATE_SCHEMA.
        contradictions: one row a returned answer that stands against another decision, CONTRADICTION_SCHEMA.
        proposals: one row a pair of records or numbers that may be one child's, PAIR_SCHEMA.
        warnings: one row a value that was taken as missing, since a crowd has it, WARNING_SCHEMA.
    """

    assignments: pl.DataFrame
    candidates: pl.DataFrame
    contradictions: pl.DataFrame = field(default_factory=CONTRADICTION_SCHEMA.to_frame)
    proposals: pl.DataFrame = field(default_factory=PAIR_SCHEMA.to_frame)
    warnings: pl.DataFrame = field(default_factory=WARNING_SCHEMA.to_frame)


def identify(
    requests: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    model: Model | None = None,
    score: PairScorer = score_open_requests,
) -> Decisions:
    """Decide every request of a run.

    Args:
        requests: identity columns with sha256, layout, has_identity_error, error_reason; any order.
        con: an instance with the state attached as ``state``; it is only read.
        model: the one that ships when none is given.
        score: makes and weighs the pairs; in this process unless told otherwise.

    Raises:
        MosisError: one value stands on so many records that a blocking rule would explode; the message names the rule.
    """
    with workspace(con) as cursor:
        prepared, cleared = clear_shared_values(cursor, prepare_requests(requests))
        run = RunState(cursor, model or load_model(), prepared)
        _refuse(run)
        followed = follow_people(run)
        ruled_out = followed.ruled_out
        run.look_up_supplied(ruled_out)
        settle_nameless(run)
        _settle_exact(run)
        pairs = score(run)
        people, new = decide_in_turns(run, pairs, ruled_out)
        alike = _number_new(run, new, pairs, ruled_out)
        proposals = pairs_of_run(run, alike, people)
        doubled = _hold_two_local_ids(run)
        mistyped = tell_mistyped(run, people)
        people = refuse_held(run, people)
        assignments = _assignments(run)
        warnings = prepared.join(cleared, on="request_id", maintain_order="left").select(WARNING_SCHEMA.names())
        return Decisions(
            assignments, _candidates(run, people, doubled, mistyped), followed.contradictions, proposals, warnings
        )


def _refuse(run: RunState) -> None:
    """Errors in identity fields, names or dates that are missing or stand-ins, and crowds that no field tells apart."""
    reason = (
        pl.when("has_identity_error")
        .then(pl.coalesce("error_reason", pl.lit("IDENTITY_FIELD_ERROR")))
        .when(names_only_a_number())
        .then(None)
        .when("is_nameless")
        .then(pl.lit("NAME_MISSING"))
        .when("is_undated")
        .then(pl.lit("BIRTH_DATE_MISSING"))
        .when("is_placeholder")
        .then(pl.lit("IDENTITY_PLACEHOLDER"))
        .when("is_crowd")
        .then(pl.lit("TOO_MANY_ALIKE"))
    )
    refused = run.requests.with_columns(refusal=reason).filter(pl.col("refusal").is_not_null())
    run.settle_as(refused, ERROR, pl.col("refusal"))


def _settle_exact(run: RunState) -> None:
    found = settle_exact(run.cursor).join(run.supplied, on="request_id", how="left")
    status, step = pl.col("supplied_status"), pl.col("step")
    run.settle(
        found.select(
            "request_id",
            "person",
            "step",
            outcome=pl.when(step == "supplied_id").then(pl.lit(CONFIRMED)).otherwise(pl.lit(REUSED)),
            reason=pl.when((step == "supplied_id") & (status == "merged"))
            .then(pl.lit("ID_MERGED"))
            .when(step == "supplied_id")
            .then(pl.lit("ID_CONFIRMED"))
            .when(status == "unknown")
            .then(pl.lit("SUPPLIED_ID_UNKNOWN_REUSED"))
            .otherwise(step.replace_strict({"local_id": "LOCAL_ID_KNOWN", "exact": "EXACT_MATCH"}, default=None)),
        )
    )


def _number_new(run: RunState, new: pl.DataFrame, pairs: pl.DataFrame, ruled_out: pl.DataFrame) -> pl.DataFrame:
    """Numbers the new children; the pairs of records that may be one child and did not come to one number."""
    if new.is_empty():
        return NOBODY_ALIKE.to_frame()
    where = run.requests.select("request_id", "district_code", "local_student_id", "school_year")
    questions = run.settled.filter(pl.col("outcome") == NEAR_MATCH)
    unknown, waiting = (where.join(some, on="request_id", how="semi") for some in (new, questions))
    people = number_new_people(run.cursor, unknown, pairs, run.model.thresholds, waiting)
    numbered = _one_number_a_question(people.numbered, run.requests.select("request_id", "near_match_id"))
    asked = pl.col("request_id").is_in(ruled_out["request_id"].implode())
    run.settle(
        numbered.join(new.select("request_id", "step", "match_weight"), on="request_id").with_columns(
            outcome=pl.lit(NEW),
            reason=pl.when("is_alike")
            .then(pl.lit("ALIKE_IN_THIS_RUN"))
            .when(asked)
            .then(pl.lit("DECIDED_DIFFERENT"))
            .otherwise(pl.lit("NOBODY_ALIKE")),
        )
    )
    return people.alike


def _one_number_a_question(numbered: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """One question that two returns of a run answer is about one record: however little the record says, one child."""
    asked = numbered.join(questions.drop_nulls(), on="request_id")
    twice = asked.select("person_number", first=pl.col("person_number").min().over("near_match_id"))
    moved = twice.filter(pl.col("person_number") != pl.col("first")).unique("person_number", keep="first")
    return numbered.join(moved, on="person_number", how="left", maintain_order="left").select(
        "request_id", pl.coalesce("first", "person_number").alias("person_number"), "is_alike"
    )


def _hold_two_local_ids(run: RunState) -> pl.DataFrame:
    """Two local IDs of one district and year that came to one person: two children, or one entered twice.

    Who carries the number that the registry knows keeps the person; the others become questions (request_id, person).
    """
    where = run.requests.select("request_id", "district_code", "local_student_id", "school_year")
    linked = run.settled.filter(
        pl.col("person").is_not_null(), ~pl.col("reason").is_in(["DECIDED_SAME", "DECIDED_BEFORE"])
    )
    linked = linked.join(where, on="request_id").filter(pl.col("local_student_id").is_not_null())
    doubled = linked.filter(pl.col("local_student_id").n_unique().over("person", "district_code", "school_year") > 1)
    if doubled.is_empty():
        return doubled.select("request_id", "person")
    known = person_places(run.cursor, doubled["person"].unique()).select(
        "person", district_code="place_district", local_student_id="place_local_id", is_known=True
    )
    marked = doubled.join(known.unique(), on=["person", "district_code", "local_student_id"], how="left")
    one = ["person", "district_code", "school_year"]
    known_ids = pl.col("local_student_id").filter(pl.col("is_known")).n_unique().over(one)
    held = marked.filter(pl.col("is_known").is_null() | (known_ids != 1)).select("request_id", "person")
    is_held = pl.col("request_id").is_in(held["request_id"].implode())
    run.settled = run.settled.with_columns(
        outcome=pl.when(is_held).then(pl.lit(NEAR_MATCH)).otherwise("outcome"),
        reason=pl.when(is_held).then(pl.lit("TWO_LOCAL_IDS")).otherwise("reason"),
        person=pl.when(~is_held).then("person"),
    )
    return held


def _assignments(run: RunState) -> pl.DataFrame:
    keys = run.requests.select(
        "request_id", "submission_id", "sha256", pl.col("line_number").cast(pl.UInt32), "near_match_id"
    )
    table = keys.join(run.settled, on="request_id").sort("request_id")
    is_question = (pl.col("outcome") == NEAR_MATCH) & pl.col("near_match_id").is_null()
    questions = table.filter(is_question)
    names = questions.select("request_id", asked=near_match_ids(questions))
    return (
        table.join(names, on="request_id", how="left", maintain_order="left")
        .with_columns(
            near_match_id=pl.coalesce("near_match_id", "asked"),
            state_id="person",
            model_version=pl.when(pl.col("step").is_not_null()).then(pl.lit(run.model.version)),
        )
        .select(*ASSIGNMENT_SCHEMA)
        .cast(ASSIGNMENT_SCHEMA)
    )


def _candidates(run: RunState, people: pl.DataFrame, doubled: pl.DataFrame, mistyped: pl.DataFrame) -> pl.DataFrame:
    """Whom to show for each question: whoever is near enough, whose ID was sent or mistyped, who two local IDs came to."""
    questions = run.settled.filter(pl.col("outcome") == NEAR_MATCH).select("request_id", "reason")
    if questions.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    sent = run.supplied.filter(pl.col("supplied_person").is_not_null()).select(
        "request_id", person="supplied_person", is_sent=True
    )
    likely = people.filter(~pl.col("is_vetoed"), pl.col("match_weight") >= run.model.thresholds.lower)
    shown = pl.concat([frame.select("request_id", "person") for frame in (likely, sent, doubled, mistyped)]).unique()
    found = (
        questions.join(shown, on="request_id")
        .join(people, on=["request_id", "person"], how="left")
        .join(sent, on=["request_id", "person"], how="left")
        .with_columns(
            reason=pl.when("is_sent")
            .then(pl.lit("SUPPLIED_ID_DISAGREES"))
            .when(pl.col("guard") != VETO)
            .then("guard")
            .otherwise("reason")
        )
    )
    everyone = pl.concat([found, _asked_before(run, questions)], how="diagonal_relaxed")
    known = displayed_people(run.cursor, everyone["person"].unique())
    return make_candidates(
        everyone.join(known, on="person"), _questions(run, questions), run.model.thresholds.candidates_shown
    )


def _asked_before(run: RunState, questions: pl.DataFrame) -> pl.DataFrame:
    """Candidates of returned questions that stay open: who was shown then, with the same explanation."""
    names = (
        run.requests.select("request_id", "near_match_id")
        .drop_nulls()
        .join(questions.filter(pl.col("reason").is_in(UNANSWERED)), on="request_id")
    )
    return open_candidates(run.cursor, names["near_match_id"]).join(
        names.select("request_id", "near_match_id"), on="near_match_id"
    )


def _questions(run: RunState, questions: pl.DataFrame) -> pl.DataFrame:
    """The requests that became questions, with what identifies them and what was sent."""
    sent = run.requests.join(questions, on="request_id", how="semi")
    return sent.select(
        "request_id", "submission_id", "line_number", pl.coalesce("near_match_id", near_match_ids(sent)),
        "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "district_code", "local_student_id",
    )  # fmt: skip
