"""``mosis ids``: what the state knows of a number, and what a person may change about it. One module a group of commands."""

from types import ModuleType

import typer

from flows.cli import ids_corrections, ids_locate, ids_registry, ids_request

# Modules with a ``register``, in the order of the help page.
MODULES: tuple[ModuleType, ...] = (ids_locate, ids_request, ids_registry, ids_corrections)


def register(app: typer.Typer) -> None:
    ids = typer.Typer(
        help="State IDs: show, locate, request, merge, split, undo, import, verify.", no_args_is_help=True
    )
    for module in MODULES:
        module.register(ids)
    app.add_typer(ids, name="ids")
