"""Rules that compare files: rows of rule_book/across_files.csv, each with a query of rule_book/across_files/<name>.sql.

A query is one SELECT over the views of ``schemas/across_views.py`` (described in rule_book/README.md). It gives a row for each
record that the rule is about, with ``fails``; so the same query says which records fail and of how many. What cannot work is
refused here, before any file is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from schemas.across_views import (
    COMMON_VIEWS,
    OPTIONAL_ANSWERS,
    REQUIRED_ANSWERS,
    STATE_ANSWERS,
    STATE_FAMILIES,
    STATE_OPTIONAL_ANSWERS,
    STATE_VIEWS,
    every_view,
)
from schemas.data_files import WITHDRAWN, Change, DataRow, read_overlay, read_rows, refuse_doubles, with_overlay
from schemas.dictionary import DATA_FOLDER, ID_BATCH, Collection, Dictionary, RecordLayout
from schemas.errors import RuleBookError

ACROSS_COLUMNS = (
    "rule_id", "scope", "layout", "cycles", "severity", "fields", "query", "title", "message", "fix", "source",
    "first_year", "last_year", "passing_example", "failing_example",
)  # fmt: skip
ACROSS_FILE, QUERY_FOLDER = "rule_book/across_files.csv", "rule_book/across_files"
COLLECTION, HISTORY, STATE = "collection", "history", "state"
ACROSS_SCOPES = (COLLECTION, HISTORY, STATE)
# The scopes that are judged when a file is stored, and that its certification depends on.
FILE_SCOPES = (COLLECTION, HISTORY)
EVERY_CYCLE = "all"
_SEVERITIES = ("E", "W")
_QUERY_NAME = re.compile(r"[a-z][a-z0-9_]*")
# These raise on the first value they cannot read, in the middle of a transaction; try_cast gives null instead.
_REFUSED = re.compile(r"(?<!try_)\b(cast|strptime|error)\s*\(|::", re.IGNORECASE)
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
# A changed number of answers is noticed; their types are compared by name.
_MANY_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER", "HUGEINT"})


# Compared by identity, as the rules of one file are.
@dataclass(frozen=True, eq=False)
class AcrossRule:
    """One rule that compares files.

    Attributes:
        scope: ``collection`` (files of one district and year), ``history`` (earlier years), ``state`` (other districts).
        fields: standard names; the first is the one reported; none where the finding is about the file.
        query_name, sql: the query, without comments.
        views: the views that the query names.
        bench: where the query is tried out, which takes milliseconds: only rules that are about to be used are.
        row: where the rule stands.
        message, fix: without any value of a record.
    """

    rule_id: str
    scope: str
    layout: str
    cycles: tuple[str, ...]
    first_year: int | None
    last_year: int | None
    severity: str
    fields: tuple[str, ...]
    query_name: str
    sql: str
    views: frozenset[str]
    title: str
    message: str
    fix: str
    source: str
    passing_example: str
    failing_example: str
    bench: "_Bench" = field(repr=False)
    row: DataRow = field(repr=False)
    change: Change | None = None

    @cached_property
    def answers(self) -> frozenset[str]:
        """The columns that the query gives; it is tried out against empty tables first.

        Raises:
            RuleBookError: it names what is no view, or gives other columns than a rule must; names file, row and reason.
        """
        return self.bench.try_out(self.row, self.sql, self.scope, self.views)

    def require_answers(self) -> None:
        """Try the query out, unless it was already.

        Raises:
            RuleBookError: as ``answers``.
        """
        _ = self.answers

    def is_valid(self, collection: Collection) -> bool:
        """Whether the rule judges files of a collection."""
        year = collection.school_year
        return (
            collection.layout == self.layout
            and (EVERY_CYCLE in self.cycles or collection.cycle in self.cycles)
            and (self.first_year or year) <= year <= (self.last_year or year)
        )


@dataclass(frozen=True, slots=True, eq=False)
class CollectionRule:
    """A rule across files as one collection has it: with the header names of its fields."""

    rule: AcrossRule
    columns: tuple[str, ...]

    @property
    def rule_id(self) -> str:
        return self.rule.rule_id

    @property
    def scope(self) -> str:
        return self.rule.scope

    @property
    def title(self) -> str:
        return self.rule.title

    @property
    def column(self) -> str | None:
        return self.columns[0] if self.columns else None

    @property
    def version_text(self) -> str:
        """What a rule book's version is made from."""
        rule = self.rule
        return "\x1f".join(
            (rule.rule_id, rule.severity, rule.scope, *rule.fields, rule.sql, rule.title, rule.message, rule.fix)
        )


def rules_of_collection(
    dictionary: Dictionary, collection: Collection, layout: RecordLayout, *, is_tried: bool = True
) -> tuple[CollectionRule, ...]:
    """The rules across files that judge a collection, in file order.

    Args:
        is_tried: whether their queries are tried out now; otherwise each is when it is first used.

    Raises:
        RuleBookError: one of them cannot work, or names a field that the layout of that school year lacks.
    """
    if layout.name == ID_BATCH:
        return ()
    found = []
    for rule in dictionary.across_rules:
        if rule.is_valid(collection):
            if unknown := [name for name in rule.fields if name not in layout.by_standard_name]:
                raise RuleBookError(
                    f"{ACROSS_FILE}: {rule.rule_id}: field {', '.join(unknown)} is not in layout {layout.name} "
                    f"of school year {layout.school_year}; set first_year or last_year"
                )
            columns = tuple(layout.by_standard_name[name].column for name in rule.fields)
            found.append(CollectionRule(rule, columns))
            if is_tried:
                rule.require_answers()
    return tuple(found)


def read_across_rules(dictionary: Dictionary, folder: Path = DATA_FOLDER) -> tuple[AcrossRule, ...]:
    """Every rule across files; the overlay's rows and queries replace shipped ones of the same key or name.

    Shipped queries are tried out when they are first needed; where the overlay corrects any of them, all are now.

    Raises:
        RuleBookError: a rule that cannot work; names file, row and reason.
    """
    overlay = dictionary.overlay
    bench = _Bench(dictionary)
    rules = tuple(bench.rule(row, _query_text(row, folder, overlay)) for row in _rows(folder, overlay))
    if overlay and ((overlay / ACROSS_FILE).is_file() or (overlay / QUERY_FOLDER).is_dir()):
        for rule in rules:
            rule.require_answers()
    return rules


def _rows(folder: Path, overlay: Path | None) -> list[DataRow]:
    def key(row: DataRow) -> tuple[str, ...]:
        return tuple(row[name] for name in ("rule_id", "layout", "cycles", "first_year"))

    shipped = read_rows(folder / ACROSS_FILE, ACROSS_COLUMNS, RuleBookError)
    corrections = read_overlay(overlay / ACROSS_FILE, ACROSS_COLUMNS, key, RuleBookError) if overlay else []
    refuse_doubles(shipped, key, "rule")
    merged = with_overlay(shipped, corrections, key)
    return [row for row in merged if row["severity"] != WITHDRAWN or row.change is None]


def _query_text(row: DataRow, folder: Path, overlay: Path | None) -> str:
    name = row.text("query")
    if not _QUERY_NAME.fullmatch(name):
        raise row.refuse(f"query is {name!r}; it names a file {QUERY_FOLDER}/<name>.sql in lower case")
    for place in filter(None, (overlay, folder)):
        path = place / QUERY_FOLDER / f"{name}.sql"
        if path.is_file():
            try:
                return path.read_text("utf-8")
            except UnicodeDecodeError:
                raise row.refuse(f"{QUERY_FOLDER}/{name}.sql is no UTF-8 text") from None
    raise row.refuse(f"{QUERY_FOLDER}/{name}.sql does not exist")


class _Bench:
    """Empty copies of all views, on which queries are tried out."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.views: dict[str, Mapping[str, str]] = dict(every_view(dictionary))
        self._made: set[str] = set()

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": 1})

    def rule(self, row: DataRow, text: str) -> AcrossRule:
        scope = row.choice("scope", ACROSS_SCOPES)
        names = frozenset(re.findall(r"\w+", _COMMENT_OR_TEXT.sub(" ", text))) & self.views.keys()
        if scope != STATE and (only := sorted(name for name in names if _is_of_state_scope(name))):
            raise row.refuse(f"{QUERY_FOLDER}/{row['query']}.sql: {', '.join(only)} exists in scope state alone")
        sql = _COMMENT_OR_TEXT.sub(lambda found: "" if found[0].startswith("--") else found[0], text)
        fields = tuple(filter(None, row["fields"].split(";")))
        layout = self._layout(row, fields)
        return AcrossRule(
            rule_id=row.text("rule_id"),
            scope=scope,
            layout=layout,
            cycles=tuple(row.text("cycles").split(";")),
            first_year=row.integer("first_year", 2000) if row["first_year"] else None,
            last_year=row.integer("last_year", 2000) if row["last_year"] else None,
            severity=row.choice("severity", _SEVERITIES),
            fields=fields,
            query_name=row["query"],
            sql="\n".join(filter(str.strip, sql.splitlines())).strip().rstrip(";").strip(),
            views=names,
            **{name: row.text(name) for name in ("title", "message", "fix", "source")},
            passing_example=row["passing_example"],
            failing_example=row["failing_example"],
            bench=self,
            row=row,
            change=row.change,
        )

    def _make(self, names: frozenset[str]) -> None:
        for name in sorted(names - self._made):
            listed = ", ".join(
                f'"{column}" {kind.removesuffix(" NOT NULL")}' for column, kind in self.views[name].items()
            )
            self.con.execute(f'CREATE TABLE "{name}" ({listed})')
        self._made |= names

    def _layout(self, row: DataRow, fields: tuple[str, ...]) -> str:
        layout = row.choice("layout", [name for name in self.dictionary.layout_names if name != ID_BATCH])
        columns = self.views[f"judged_{layout}"]
        known = {*columns, "submitted_state_id"}
        if unknown := [name for name in fields if name not in known]:
            raise row.refuse(f"field {', '.join(unknown)} is in no {layout} layout")
        cycles = {each.cycle for each in self.dictionary.collections if each.layout == layout}
        if other := sorted(set(row.text("cycles").split(";")) - cycles - {EVERY_CYCLE}):
            raise row.refuse(f"cycle {', '.join(other)} has no {layout} collection in any calendar")
        return layout

    def try_out(self, row: DataRow, sql: str, scope: str, views: frozenset[str]) -> frozenset[str]:
        """The names of the columns that a query gives.

        Raises:
            RuleBookError: it is no single SELECT, names what is no view, or gives other columns than a rule must.
        """
        self._make(views)
        where = f"{QUERY_FOLDER}/{row['query']}.sql"
        bare = _COMMENT_OR_TEXT.sub(" ", sql)
        if found := _REFUSED.search(bare):
            raise row.refuse(f"{where}: {found[0].strip('( ')} stops at the first bad value; use try_cast")
        try:
            statements = self.con.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise row.refuse(f"{where}: it must be one SELECT")
            relation = self.con.sql(sql)
        except duckdb.Error as fault:
            raise row.refuse(f"{where}: {_first_line(fault)}") from None
        given = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
        self._check_answers(row, where, given, scope)
        return frozenset(given)

    def _check_answers(self, row: DataRow, where: str, given: Mapping[str, str], scope: str) -> None:
        required = {**REQUIRED_ANSWERS, **(dict.fromkeys(STATE_ANSWERS, "") if scope == STATE else {})}
        if missing := [name for name in required if name not in given]:
            raise row.refuse(f"{where}: it gives no column {', '.join(missing)}")
        allowed = {**OPTIONAL_ANSWERS, **REQUIRED_ANSWERS, **(STATE_OPTIONAL_ANSWERS if scope == STATE else {})}
        if unknown := [name for name in given if name not in allowed]:
            known = ", ".join(allowed)
            raise row.refuse(f"{where}: it gives {', '.join(unknown)}; a rule gives {known} and nothing else")
        for name, kind in given.items():
            wanted = allowed[name]
            fits = kind == wanted or (wanted == "BIGINT" and kind in _MANY_WHOLE) or kind in ('"NULL"', "NULL")
            if not fits:
                raise row.refuse(f"{where}: {name} is {kind}; it must be {wanted}")


def _is_of_state_scope(view: str) -> bool:
    return view in STATE_VIEWS or (
        view.startswith(tuple(f"{family}_" for family in STATE_FAMILIES)) and view not in COMMON_VIEWS
    )


def _first_line(fault: Exception) -> str:
    return str(fault).strip().split("\n")[0][:200]
