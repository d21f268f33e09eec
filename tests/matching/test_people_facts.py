"""Decisions as facts: what follows from them, and which cannot stand, held against a plain union-find."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.people_facts import CANNOT, MUST, Closure, Fact, Source, contradictions, is_record, settled

AT = datetime(2025, 10, 8, 14, tzinfo=UTC)
A, B, C = "1000000001", "1000000002", "1000000003"
R, S, T = "NM0000000001", "NM0000000002", "NM0000000003"
NODES = (A, B, C, "1000000004", R, S, T, "NM0000000004")


def must(one: str, other: str, actor: str = "district 048078") -> Fact:
    return Fact(MUST, one, other, Source(one, actor, AT))


def cannot(one: str, other: str, actor: str = "district 048078") -> Fact:
    return Fact(CANNOT, one, other, Source(one, actor, AT))


def test_a_must_link_goes_on() -> None:
    closure = Closure([must(R, S), must(S, A)])
    assert closure.persons_of(R) == {A}
    assert closure.ruled_out(R) == set()


def test_a_cannot_link_holds_for_all_that_is_one_child() -> None:
    closure = Closure([must(R, S), cannot(S, A), must(T, A)])
    assert closure.ruled_out(R) == {A}
    assert closure.are_parted(R, T) and closure.are_parted(T, R)


def test_of_a_record_that_nobody_decided_about_nothing_is_known() -> None:
    closure = Closure([must(R, A)])
    assert closure.persons_of(S) == closure.ruled_out(S) == set()
    assert closure.persons_of(B) == {B}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([must(R, A)], cannot(R, A)),
        ([cannot(R, A)], must(R, A)),
        ([must(R, S), cannot(S, A)], must(R, A)),
        ([must(R, S), must(S, A)], cannot(R, A)),
        ([must(R, A)], must(R, B)),
        ([must(R, A), must(S, B)], must(R, S)),
        ([cannot(A, B), must(R, A)], must(R, B)),
    ],
)
def test_a_fact_that_contradicts_an_earlier_one_is_refused_beside_it(old: list[Fact], new: Fact) -> None:
    refused = contradictions(old, [new])
    assert list(refused) == [new]
    assert refused[new] in old


def test_new_facts_that_contradict_each_other_are_all_refused() -> None:
    one, other = must(R, A, "district 048078"), cannot(R, A, "district 010004")
    assert contradictions([], [one, other]) == {one: other, other: one}


def test_a_fact_beside_a_contradiction_stands() -> None:
    wrong, right = must(R, A), must(S, A)
    assert set(contradictions([cannot(R, A)], [wrong, right])) == {wrong}


def test_a_younger_link_of_one_record_stands_over_an_older_one() -> None:
    """A split moved the record R, which says the same as S, from A to B."""
    same = Fact(MUST, R, S)
    old, young = must(R, A), Fact(MUST, S, B, Source(S, "operator", AT + timedelta(days=30)))
    assert settled([old, young, cannot(S, A), same]) == [young, cannot(S, A), same]
    assert settled([must(R, A), must(T, B), same]) == [must(R, A), must(T, B), same]


def test_a_merge_stands_over_a_cannot_link() -> None:
    assert settled([must(R, A), must(R, A, "merged"), cannot(R, A)]) == [must(R, A), must(R, A, "merged")]


def test_the_words_name_who_and_when_and_the_question() -> None:
    words = cannot(R, A).in_words()
    assert words == (
        f"the record of question {R} is another child than {A}, decided by district 048078 on 10/08/2025 "
        f"in answer to question {R}"
    )


def test_a_district_is_told_of_its_own_decisions_by_name_and_of_others_without() -> None:
    fact = cannot(R, A)
    assert "decided by district 048078 on" in fact.in_words("048078")
    assert "decided by another district on" in fact.in_words("010004")


class Oracle:
    """Classes by joining lists, as slowly and plainly as can be."""

    def __init__(self, facts: list[Fact]) -> None:
        self.classes = [{node} for node in NODES]
        for fact in facts:
            if fact.kind == MUST:
                one, other = self.of(fact.one), self.of(fact.other)
                if one is not other:
                    self.classes.remove(other)
                    one |= other
        self.parted = [fact for fact in facts if fact.kind == CANNOT]

    def of(self, node: str) -> set[str]:
        return next(each for each in self.classes if node in each)

    def are_parted(self, one: str, other: str) -> bool:
        ends = [(self.of(f.one), self.of(f.other)) for f in self.parted]
        pair = (self.of(one), self.of(other))
        return any(pair == (x, y) or pair == (y, x) for x, y in ends)

    def is_broken(self) -> bool:
        doubled = any(sum(not is_record(node) for node in each) > 1 for each in self.classes)
        return doubled or any(self.of(f.one) is self.of(f.other) for f in self.parted)


@st.composite
def facts(draw: st.DrawFn, actor: str) -> list[Fact]:
    ends = st.sampled_from(list(combinations(NODES, 2)))
    kinds = st.sampled_from([MUST, CANNOT])
    return [
        Fact(kind, *pair, Source(pair[0], actor, AT))
        for kind, pair in draw(st.lists(st.tuples(kinds, ends), max_size=9))
    ]


def agreeing(said: list[Fact]) -> list[Fact]:
    """Facts that agree with each other: each is taken only if nothing before it stands against it."""
    kept: list[Fact] = []
    for fact in said:
        if not Oracle([*kept, fact]).is_broken():
            kept.append(fact)
    return kept


@settings(max_examples=150, deadline=None)
@given(facts("earlier"))
def test_the_closure_is_that_of_a_plain_union_find(said: list[Fact]) -> None:
    closure, oracle = Closure(said), Oracle(said)
    for one, other in combinations(NODES, 2):
        assert (closure.class_of(one) == closure.class_of(other)) == (oracle.of(one) is oracle.of(other))
        assert closure.are_parted(one, other) == oracle.are_parted(one, other)
    for node in NODES:
        assert closure.persons_of(node) == {each for each in oracle.of(node) if not is_record(each)}
        assert closure.ruled_out(node) == {
            each for each in NODES if not is_record(each) and oracle.are_parted(node, each)
        }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(facts("earlier"), facts("now"), st.randoms(use_true_random=False))
def test_what_is_left_agrees_and_nothing_is_refused_without_need(
    earlier: list[Fact], now: list[Fact], shuffle: Random
) -> None:
    old = agreeing(earlier)
    refused = contradictions(old, now)
    assert set(refused) <= set(now)
    assert not Oracle([*old, *(fact for fact in now if fact not in refused)]).is_broken()
    everything = Oracle([*old, *now])
    if not everything.is_broken():
        assert refused == {}
    for fact, other in refused.items():
        # Both hang together with what is broken.
        assert other in [*old, *now]
        assert fact.kind == CANNOT or everything.of(fact.one) is everything.of(fact.other)
    mixed_old, mixed_now = list(old), list(now)
    shuffle.shuffle(mixed_old)
    shuffle.shuffle(mixed_now)
    assert contradictions(mixed_old, mixed_now) == refused
