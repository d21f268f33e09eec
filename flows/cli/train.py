"""``mosis train``: a matching model of the state's own."""

import json
from typing import Annotated, Literal

import typer

from flows.cli.options import HomeOption, JsonOption, open_home


def register(app: typer.Typer) -> None:
    app.command()(train)


def train(
    home: HomeOption = None,
    name: Annotated[str, typer.Option("--name", help="Name of the model; its hash is added.")] = "registry",
    sample: Annotated[
        int | None, typer.Option("--sample", min=1000, help="Learn from so many children.", show_default="all")
    ] = None,
    source: Annotated[
        Literal["registry", "synthetic"],
        typer.Option("--from", help="The state's own registry, or a sample state of invented children."),
    ] = "registry",
    truth: Annotated[
        int | None,
        typer.Option(
            "--truth",
            min=5000,
            help="Also hold it against a fresh sample state of so many pupils, whose truth is known.",
            show_default="not",
        ),
    ] = None,
    activate: Annotated[bool, typer.Option("--activate", help="Use it in every run from now on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fit a matching model on the registry and write it, with a report, into HOME/models. No run uses it by itself.

    Example: mosis train --name autumn-2026 --truth 50000
    """
    from dataclasses import replace

    from flows.cli.show import progress_display
    from flows.train import activate_model, train_model
    from schemas.clock import SystemClock

    state, clock = open_home(home), SystemClock()
    with progress_display(quiet=as_json) as progress:
        trained = train_model(
            state,
            name=name,
            clock=clock,
            sample=sample,
            synthetic=source == "synthetic",
            truth_students=truth,
            progress=progress,
        )
    if activate:
        activate_model(state, trained.version, clock)
        trained = replace(trained, is_active=True)
    if as_json:
        print(json.dumps(trained.to_json(), indent=2))
        return
    print(f"Model {trained.version}, learnt from {trained.records:,} records of {trained.children:,} children.")
    for warning in trained.warnings:
        print(f"Look at this: {warning}")
    print(f"Report: {trained.report}")
    if activate:
        print("Every run from now on uses it.")
    else:
        print(f'No run uses it yet. To use it, set in {state.settings_file}: model_version = "{trained.version}"')
