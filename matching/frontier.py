"""What other thresholds would have done: false merges, splits and missed moves against review load, from one measurement.

The pairs of a run are scored and its people weighed once; deciding them anew at other thresholds is rehearsed on a copy of
the run's decisions. Each point changes one run and leaves the others as they were:

- ``link`` points decide the last run again at another ``upper`` and ``lower`` (or ``margin``), against the registry that the
  runs before left. Two approximations: a request that a higher ``lower`` makes new gets a number of its own, although two of
  them might be one child; and a request that two local IDs held stays held.
- ``new`` points number the first run's children again at another ``new_upper``. A pair below it is answered at once with two
  numbers and a remark, so these points have no review load; what they trade is false merges against splits within a run.

The point at the thresholds in force is what the run did.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter

import polars as pl

from matching.candidates import find_people, score_open_requests
from matching.evaluation import LINE, steps_between_years
from matching.model import Thresholds
from matching.new_with_new import number_new_people
from matching.reasons import ERROR, NEAR_MATCH, NEW
from matching.run_state import SETTLED_SCHEMA, RunState
from matching.second_look import decide_in_turns

LINK, WITHIN_RUN = "link", "new"
# How far from the thresholds in force, in bits.
UPPER_STEPS = (-12.0, -9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0)
LOWER_STEPS = (0.0, 4.0, 8.0)
MARGIN_STEPS = (-6.0, -3.0, 3.0, 6.0)
NEW_STEPS = (-6.0, -3.0, 0.0, 3.0, 6.0)

POINT_SCHEMA = pl.Schema({
    "kind": pl.String(), "upper": pl.Float64(), "lower": pl.Float64(), "margin": pl.Float64(), "new_upper": pl.Float64(),
    "is_in_force": pl.Boolean(), "pupils": pl.Int64(), "false_merges": pl.Int64(), "splits": pl.Int64(),
    "pupils_in_review": pl.Int64(), "moves": pl.Int64(), "moves_linked": pl.Int64(),
})  # fmt: skip
_SUMS = ("pupils", "false_merges", "splits", "pupils_in_review", "moves", "moves_linked")
_NO_ONE_RULED_OUT = pl.DataFrame(schema={"request_id": pl.Int64(), "person": pl.String()})


def grid(thresholds: Thresholds) -> list[Thresholds]:
    """The thresholds of the link points: upper by lower, then margin alone; lower never above upper."""
    square = [
        replace(thresholds, upper=thresholds.upper + up, lower=thresholds.lower + low)
        for up in UPPER_STEPS
        for low in LOWER_STEPS
        if thresholds.lower + low <= thresholds.upper + up
    ]
    return square + [
        replace(thresholds, margin=thresholds.margin + step) for step in MARGIN_STEPS if thresholds.margin + step >= 0
    ]


def pool_points(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The points of several states added up, thresholds by thresholds."""
    keys = [name for name in POINT_SCHEMA if name not in _SUMS]
    pooled = pl.concat(tables).group_by(keys, maintain_order=True).agg(pl.col(*_SUMS).sum())
    return pooled.select(*POINT_SCHEMA)


class _Rehearsal(RunState):
    """A run that decides without consequences: what it settles is kept in memory only."""

    def __init__(self, run: RunState, thresholds: Thresholds) -> None:
        self.cursor, self.requests, self.supplied, self.settled = run.cursor, run.requests, run.supplied, run.settled
        self.model = replace(run.model, thresholds=thresholds)

    def settle(self, decisions: pl.DataFrame) -> None:
        complete = decisions.select(name for name in SETTLED_SCHEMA if name in decisions.columns)
        self.settled = pl.concat([self.settled, complete], how="diagonal_relaxed")


@dataclass
class _Seen:
    """What other thresholds would have made of a run.

    Attributes:
        requests: request_id, submission_id, line_number of every request.
        open_ids: request_id of those that the thresholds decide.
        answers: thresholds -> request_id, outcome, person.
        numberings: new_upper -> request_id, person_number.
    """

    requests: pl.DataFrame
    open_ids: pl.DataFrame
    answers: dict[Thresholds, pl.DataFrame]
    numberings: dict[float, pl.DataFrame]


class Frontier:
    """Watches the runs of a measurement, then says what other thresholds would have done.

    Args:
        thresholds: those in force.

    Attributes:
        seconds: spent on rehearsals, which are no part of identifying.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self.seconds = 0.0
        self._seen: list[_Seen] = []

    @staticmethod
    def no_points() -> pl.DataFrame:
        return pl.DataFrame(schema=POINT_SCHEMA)

    def watch(self, run: RunState) -> pl.DataFrame:
        """Scored pairs for ``identify``; on the way, what the run would have decided at other thresholds."""
        pairs = score_open_requests(run)
        start = perf_counter()
        people = find_people(run, pairs, _NO_ONE_RULED_OUT)
        lines = run.requests.select("request_id", *LINE)
        is_first = not self._seen
        answers = (
            {} if is_first else {limits: _rehearse(run, pairs, people, limits) for limits in grid(self.thresholds)}
        )
        numberings = self._number_again(run, pairs, people) if is_first else {}
        self._seen.append(_Seen(lines, run.open_ids(), answers, numberings))
        self.seconds += perf_counter() - start
        return pairs

    def points(self, truth: pl.DataFrame, decided: list[pl.DataFrame]) -> pl.DataFrame:
        """POINT_SCHEMA: ``new`` points of the first run and ``link`` points of the last.

        Args:
            truth: as ``count_errors`` takes it, of all runs.
            decided: the assignments of each run, IDs filled in.
        """
        rows = [*self._within_run(truth, decided[0])]
        if len(decided) > 1:
            rows += self._linking(truth, decided)
        return pl.DataFrame(rows, schema=POINT_SCHEMA)

    def _number_again(self, run: RunState, pairs: pl.DataFrame, people: pl.DataFrame) -> dict[float, pl.DataFrame]:
        """new_upper -> request_id and person_number of the new children of the run."""
        new = _rehearse(run, pairs, people, self.thresholds).filter(pl.col("outcome") == NEW)
        if new.is_empty():
            return {}
        where = run.requests.select("request_id", "district_code", "local_student_id", "school_year")
        children = where.join(new, on="request_id", how="semi")
        within = pairs.filter(pl.col("other") < 0)
        limits = [self.thresholds.new_upper + step for step in NEW_STEPS]
        return {
            limit: number_new_people(
                run.cursor, children, within, replace(self.thresholds, new_upper=limit)
            ).numbered.select("request_id", "person_number")
            for limit in limits
        }

    def _within_run(self, truth: pl.DataFrame, first: pl.DataFrame) -> Iterable[dict[str, object]]:
        seen = self._seen[0]
        owners = truth.select(*LINE, "person_id")
        lines = seen.requests.join(owners, on=LINE).join(first.select(*LINE, "outcome"), on=LINE)
        for limit, numbering in seen.numberings.items():
            pairs = lines.join(numbering, on="request_id").select("person_id", state_id="person_number").unique()
            yield {
                **self._key(WITHIN_RUN, replace(self.thresholds, new_upper=limit)),
                **_held(pairs),
                "pupils": lines["person_id"].n_unique(),
                "pupils_in_review": lines.filter(_unanswered())["person_id"].n_unique(),
                "moves": 0,
                "moves_linked": 0,
            }

    def _linking(self, truth: pl.DataFrame, decided: list[pl.DataFrame]) -> Iterable[dict[str, object]]:
        seen, last = self._seen[-1], decided[-1]
        owners = truth.select(*LINE, "person_id")
        everything = pl.concat([frame.select(*LINE, "outcome", "reason", "state_id") for frame in decided])
        records = truth.join(everything, on=LINE)
        steps = steps_between_years(records).filter("is_move").select(*LINE, "person_id", "school_year", "is_linked")
        opened = seen.requests.join(seen.open_ids, on="request_id").join(owners, on=LINE)
        opened = opened.join(last.select(*LINE, made_reason="reason", made_id="state_id"), on=LINE)
        fixed = records.join(opened.select(LINE), on=LINE, how="anti").select(*LINE, "person_id", "outcome", "state_id")
        before = pl.concat(decided[:-1]).join(owners, on=LINE).select("person_id", "state_id").drop_nulls().unique()
        moves = opened.join(steps.select(LINE), on=LINE, how="semi").select("request_id")
        fixed_moves = steps.join(opened.select(LINE), on=LINE, how="anti")
        base = {
            "pairs": fixed.select("person_id", "state_id").drop_nulls().unique(),
            "waiting": fixed.filter(_unanswered()).select("person_id").unique(),
            "before": before.with_columns(is_own=True),
            "moves": moves.with_columns(is_move=True),
        }
        totals = {"pupils": records["person_id"].n_unique(), "moves": steps.height}
        linked_anyway = int(fixed_moves["is_linked"].sum())
        for thresholds, decided_anew in seen.answers.items():
            answers = _answers(opened, decided_anew)
            yield {**self._key(LINK, thresholds), **totals, **_point(answers, base, linked_anyway)}

    def _key(self, kind: str, thresholds: Thresholds) -> dict[str, object]:
        names = ("upper", "lower", "margin", "new_upper")
        values = {name: getattr(thresholds, name) for name in names}
        return {"kind": kind, **values, "is_in_force": thresholds == self.thresholds}


def _rehearse(run: RunState, pairs: pl.DataFrame, people: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """request_id, outcome and person of each open request as these thresholds decide it."""
    rehearsal = _Rehearsal(run, thresholds)
    _, new = decide_in_turns(rehearsal, pairs, _NO_ONE_RULED_OUT, people)
    settled = rehearsal.settled.join(run.settled, on="request_id", how="anti")
    return pl.concat([frame.select("request_id", "outcome", "person") for frame in (settled, new)])


def _unanswered() -> pl.Expr:
    return pl.col("outcome").is_in([NEAR_MATCH, ERROR])


def _answers(opened: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Open requests with outcome and state_id as other thresholds decide them."""
    # The number a request got when it was new; where another threshold makes it new, one of its own.
    own = pl.format("new-{}", "request_id")
    is_held = pl.col("made_reason").eq_missing("TWO_LOCAL_IDS") & pl.col("person").is_not_null()
    outcome = pl.when(is_held).then(pl.lit(NEAR_MATCH)).otherwise("outcome")
    was_new = pl.col("made_reason").is_in(["NOBODY_ALIKE", "ALIKE_IN_THIS_RUN"])
    return (
        opened.join(decided.select("request_id", "outcome", "person"), on="request_id")
        .with_columns(outcome=outcome)
        .with_columns(
            state_id=pl.when(_unanswered())
            .then(pl.lit(None, pl.String))
            .when((pl.col("outcome") == NEW) & was_new)
            .then("made_id")
            .when(pl.col("outcome") == NEW)
            .then(own)
            .otherwise("person")
        )
    )


def _point(answers: pl.DataFrame, base: dict[str, pl.DataFrame], linked_anyway: int) -> dict[str, int]:
    pairs = pl.concat([base["pairs"], answers.select("person_id", "state_id").drop_nulls()]).unique()
    waiting = pl.concat([base["waiting"], answers.filter(_unanswered()).select("person_id")])
    moved = answers.join(base["moves"], on="request_id").join(base["before"], on=["person_id", "state_id"])
    return {
        **_held(pairs),
        "pupils_in_review": waiting["person_id"].n_unique(),
        "moves_linked": linked_anyway + moved["request_id"].n_unique(),
    }


def _held(pairs: pl.DataFrame) -> dict[str, int]:
    """False merges and splits of distinct pairs of child and number."""
    return {
        "false_merges": pairs.height - pairs["state_id"].n_unique(),
        "splits": pairs.height - pairs["person_id"].n_unique(),
    }
