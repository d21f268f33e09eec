"""``mosis extract``: files for people who must never open the pipeline's own database."""

import json

import typer

from flows.cli.options import HomeOption, JsonOption, open_home


def register(app: typer.Typer) -> None:
    extract = typer.Typer(help="Copies for people who may see less: the analysts' copy.", no_args_is_help=True)
    extract.callback()(_group)
    extract.command()(analyst)
    app.add_typer(extract, name="extract")


def _group() -> None:
    """Copies for people who may see less: the analysts' copy."""


def analyst(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Write HOME/analyst/state_read.duckdb anew: submissions, violations, rules and records without anybody's identity.

    Pseudonyms instead of state IDs; no names, birth dates, local IDs, SSN hashes or raw values. Whoever has the earlier copy
    open keeps reading it. No run can start while the copy is made.

    Example: mosis extract analyst --home /srv/mosis
    """
    from flows.extracts import extract_analyst
    from schemas.clock import SystemClock, rfc3339

    made = extract_analyst(open_home(home), clock=SystemClock())
    summary = made.summary
    if as_json:
        body = {
            "format_version": 1,
            "path": str(summary.path),
            "built_at": rfc3339(summary.built_at),
            "seconds": round(made.seconds, 3),
            "rows": dict(summary.rows),
        }
        print(json.dumps(body, indent=2))
        return
    filled = {view: count for view, count in summary.rows.items() if count}
    width = max(map(len, filled))
    print(f"Wrote {summary.path} in {made.seconds:.1f} s. Rows by view:")
    for view, count in filled.items():
        print(f"  {view:<{width}} {count:>12,}")
    print("Analysts open it read-only; views, columns and worked queries: docs/analyst.md")
