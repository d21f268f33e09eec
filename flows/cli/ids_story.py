"""How the command line shows a number's story and what a verification found."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.registry import ToldStory
    from matching.id_story import IdStory, StoryEntry
    from matching.verification import Verification

MOST_DIFFERENCES = 20
_STANDS = {
    "active": "active", "retired": "retired: withdrawn, never given again",
    "held": "held: it is not clear whose it is; nobody is given or linked to it until somebody decides",
}  # fmt: skip


def print_story(told: "ToldStory") -> None:
    """A number on one screen: how it stands, what happened in order, the data kept under it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, story = Console(highlight=False), told.story
    console.print(Text.assemble((story.state_id, "bold"), f"  {_stands(story)}"))
    if story.forwarded_from:
        console.print(f"Numbers that lead here: {', '.join(story.forwarded_from)}")
    day = None
    for entry in story.entries:
        if f"{entry.at:%Y-%m-%d}" != day:
            day = f"{entry.at:%Y-%m-%d}"
            console.print(Text(f"\n{day}", style="bold"))
        line = Table.grid(padding=(0, 2))
        line.add_row(
            "", Text(f"{entry.at:%H:%M}", style="dim"), Text(f"{entry.what:<8}", style="cyan"), sentence(entry)
        )
        if "explanation" in entry.facts:
            line.add_row("", "", "", Text(entry.facts["explanation"]))
        console.print(line)
    _print_versions(console, told)


def _stands(story: "IdStory") -> str:
    if story.forwards_to:
        return f"merged: it leads to {' and on to '.join(story.forwards_to)}"
    return _STANDS.get(story.status, story.status)


def sentence(entry: "StoryEntry") -> str:
    """What happened, in one line; no name."""
    facts = entry.facts
    make = {
        "issued": _given, "imported": _imported, "answered": _answered, "asked": _asked, "decided": _decided,
    }.get(entry.what, _changed)  # fmt: skip
    return make(facts)


def _where(facts: Mapping[str, Any]) -> str:
    if "line_number" not in facts:
        return ""
    school = f", school {facts['school_code']}" if "school_code" in facts else ""
    district = f" (district {facts['district_code']}{school})" if "district_code" in facts else ""
    return f"line {facts['line_number']} of {facts.get('file_name', facts.get('submission_id'))}{district}"


def _proof(facts: Mapping[str, Any]) -> str:
    block = f"journal block {facts['block_number']:06d}" if "block_number" in facts else ""
    run = f"run {facts['run_id']}" if "run_id" in facts else ""
    return ", ".join(part for part in (run, block) if part)


def _given(facts: Mapping[str, Any]) -> str:
    if "new_state_id" in facts:
        return f"{facts['new_state_id']} was given to the other child of this number; {_proof(facts)}"
    place = f" for {_where(facts)}" if "line_number" in facts else ""
    other = f", split from {facts['other_state_id']}" if "other_state_id" in facts else ""
    return f"first given{place}{other}; {_proof(facts)}"


def _imported(facts: Mapping[str, Any]) -> str:
    target = f" of {facts['other_state_id']}" if "other_state_id" in facts else ""
    if "new_state_id" in facts:
        return f"{facts['new_state_id']} was taken over as an alias of this number; {_proof(facts)}"
    status = "alias" if facts["evidence"] == "merged" else facts["evidence"]
    return f"taken over from {_where(facts)} as {status}{target}, by {facts['actor']}{_why(facts)}; {_proof(facts)}"


def _answered(facts: Mapping[str, Any]) -> str:
    weight = f", weight {facts['match_weight']:.1f}" if "match_weight" in facts else ""
    margin = f", margin {facts['margin']:.1f}" if "margin" in facts else ""
    model = f", model {facts['model_version']}" if "model_version" in facts else ""
    step = f", step {facts['step'].replace('_', ' ')}" if "step" in facts else ""
    moved = f"; later moved to {facts['moved_to']}" if "moved_to" in facts else ""
    return f"{_where(facts)}: {facts['outcome']}, {facts.get('reason', '-')}{step}{weight}{margin}{model}{moved}"


def _asked(facts: Mapping[str, Any]) -> str:
    weight = f", weight {facts['match_weight']:.1f}" if "match_weight" in facts else ""
    came = f", came to {facts['resolved_state_id']}" if "resolved_state_id" in facts else ""
    return (
        f"candidate {facts['candidate_rank']} of question {facts['near_match_id']} about {_where(facts)}: "
        f"{facts['reason']}{weight}; {facts['status']}{came}"
    )


def _decided(facts: Mapping[str, Any]) -> str:
    question = f" on question {facts['near_match_id']}" if "near_match_id" in facts else ""
    others = [facts[name] for name in ("state_id", "other_state_id") if name in facts]
    other = f" and {', '.join(others)}" if others else ""
    return f"{facts['kind'].replace('_', ' ')}: this number{other}{question}, by {facts['actor']}{_why(facts)}"


def _changed(facts: Mapping[str, Any]) -> str:
    others = [facts[name] for name in ("new_state_id", "other_state_id") if name in facts]
    other = f"with {', '.join(others)} " if others else ""
    place = f"{_where(facts)} " if "line_number" in facts else ""
    return f"{place}{other}by {facts['actor']}{_why(facts)}; {_proof(facts)}"


def _why(facts: Mapping[str, Any]) -> str:
    return f' ("{facts["reason"]}")' if "reason" in facts else ""


def _print_versions(console: Any, told: "ToldStory") -> None:
    from rich.padding import Padding

    versions = told.story.versions
    if not versions:
        console.print("\nNo identifying data are kept under this number.")
        return
    console.print(
        "\nIdentifying data kept under it:" + ("" if told.with_names else " (names: --names, which is logged)")
    )
    for version in versions:
        console.print(Padding(_version(version), (0, 0, 0, 2)), markup=False)


def _version(version: Mapping[str, Any]) -> str:
    """One version of the data on a line; where it names the child, that stands first."""
    parts = {"district": "district_code", "school": "school_code", "local ID": "local_student_id", "grade": "grade"}
    place = ", ".join(f"{word} {version[name]}" for word, name in parts.items() if version[name])
    years = f"{version['first_school_year']} to {version['last_school_year']}"
    source = f"line {version['line_number']} of {version['file_name'] or version['submission_id']}"
    return f"{_named(version)}{place}, school years {years}; {source}"


def _named(version: Mapping[str, Any]) -> str:
    if "last_name" not in version:
        return ""
    given = " ".join(version[name] for name in ("first_name", "middle_name", "suffix") if version[name])
    return f"{version['last_name']}, {given}, born {version['birth_date']}: "


def print_verification(found: "Verification") -> None:
    """What was compared, then the differences: how many of each, and the first of them."""
    from rich.console import Console
    from rich.table import Table

    from matching.verification import difference_messages

    console = Console(highlight=False)
    scope = f"{found.block_count:,} blocks, {found.event_count:,} events, {found.id_count:,} IDs"
    if found.waiting_blocks:
        console.print(
            f"{found.waiting_blocks:,} blocks of an interrupted run wait; the next run finishes them: mosis run"
        )
    if found.differences.is_empty():
        console.print(f"Everything agrees: {scope}.")
        return
    console.print(f"{found.differences.height:,} differences among {scope}. Give no IDs until they are understood.\n")
    counts = Table("count", "code", "what it means", box=None, pad_edge=False)
    counts.columns[0].justify = "right"
    for code, count in found.differences.group_by("code", maintain_order=True).len().iter_rows():
        counts.add_row(f"{count:,}", code, difference_messages()[code])
    console.print(counts)
    console.print(f"\nThe first {min(MOST_DIFFERENCES, found.differences.height)} (--json lists all):")
    first = Table("code", "state ID", "block", "event", "detail", box=None, pad_edge=False)
    for row in found.differences.head(MOST_DIFFERENCES).iter_rows():
        first.add_row(*("" if value is None else str(value) for value in row))
    console.print(first)
    console.print("\nBring back database, journal and archive from one backup, or ask the maintainers before going on.")
