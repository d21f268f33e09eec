"""``mosis accuracy``: how often identity is wrong, measured on fresh sample states with truth."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import JsonOption
from schemas.errors import UsageError

if TYPE_CHECKING:
    from flows.accuracy import Order

STUDENTS_PER_DISTRICT = 1_600


def register(app: typer.Typer) -> None:
    app.command()(accuracy)


def accuracy(
    students: Annotated[int, typer.Option("--students", min=200, help="Students a state enrols in a year.")] = 20_000,
    districts: Annotated[
        int | None,
        typer.Option(
            "--districts", min=2, help="Districts of a state; one for 1,600 students, at most 560.", show_default=False
        ),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="States to measure, each from a fresh seed.")] = 1,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Repeat one seed; left out, the operating system draws.", show_default=False),
    ] = None,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also half and double the errors, no guardian, no SSN.")
    ] = False,
    warm: Annotated[bool, typer.Option(help="Also with supplied state IDs, some of them wrong.")] = True,
    plain: Annotated[bool, typer.Option(help="Also plain splink at 0.95 on the same requests.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Keep one file a measurement here; the same command goes on where it stopped.",
            show_default=False,
        ),
    ] = None,
    pool_folders: Annotated[
        list[Path] | None,
        typer.Option("--pool", help="Measure nothing: add up what these folders hold.", show_default=False),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the whole report as one HTML page.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run two years of sample states through identification and print its errors against the truth.

    Example: mosis accuracy --students 200000 --seeds 10 --variants --out ./measured --report accuracy.html
    """
    from flows.accuracy import Order
    from flows.accuracy_pool import plan_orders, pool, read_results
    from flows.accuracy_text import describe

    if seed is not None and seeds > 1:
        raise UsageError("--seed repeats one state, --seeds draws several: give one of the two.")
    if pool_folders:
        results = read_results(pool_folders)
    else:
        order = Order(students, districts or default_districts(students), seed or 0, warm=warm, plain=plain)
        results = _measure_all(plan_orders(order, seeds, variants, out, seed), out, quiet=as_json)
    groups = pool(results)
    if report is not None:
        from flows.accuracy_report import write_report

        write_report(report, groups)
    print(json.dumps([group.to_json() for group in groups], indent=2) if as_json else describe(groups))
    if report is not None and not as_json:
        print(f"Open: {report}")


def default_districts(students: int) -> int:
    """As many districts as Missouri would have for so many students."""
    return min(560, max(4, students // STUDENTS_PER_DISTRICT))


def _measure_all(orders: "list[Order]", out: Path | None, *, quiet: bool) -> list[dict[str, Any]]:
    from flows.accuracy_pool import run_series, seed_figures
    from flows.accuracy_process import measure_apart
    from flows.cli.show import progress_display

    def tell(place: int, order: "Order", result: dict[str, Any]) -> None:
        if not quiet:
            figures = seed_figures(result)
            print(
                f"{place + 1} of {len(orders)}: seed {order.seed}, {order.variant}, {figures['seconds']:,.0f} s, "
                f"cpu {result['cpu_seconds']:,.0f} s, peak {result['peak_mib']:,} MiB, false merges {figures['false merges']}",
                file=sys.stderr,
            )

    def measure(order: "Order") -> dict[str, Any]:
        with progress_display(quiet=quiet) as progress:
            return measure_apart(order, progress=progress)

    return run_series(orders, out, measure, tell)
