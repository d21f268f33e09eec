"""The ``mosis`` command: one module per group, loaded when it is needed; every error of ours ends with its exit code."""

import errno
import os
import sys

import typer

from flows.cli import (
    accuracy,
    certification,
    compare,
    cycle,
    data_dictionary,
    district_desk,
    extract,
    ids,
    operations,
    publication,
    review,
    sample,
    train,
    violations,
)
from schemas.errors import MosisError, NoSpace, describe_defect

DEFECT = 70  # sysexits.h: internal software error

# What a full disk, a used-up quota or a limit on file sizes says.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="mosis",
    help="Missouri Student Information System: from district extracts to state IDs, reports and safe aggregates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
operations.register(app)
district_desk.register(app)
certification.register(app)
compare.register(app)
publication.register(app)
extract.register(app)
cycle.register(app)
data_dictionary.register(app)
ids.register(app)
review.register(app)
sample.register(app)
train.register(app)
accuracy.register(app)
violations.register(app)


def main() -> None:
    """Run the command line; a MosisError becomes one clear line on stderr and its exit code."""
    try:
        app()
    except MosisError as error:
        print(f"mosis: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            print(
                f"mosis: no space left: {error.strerror}. Nothing is lost; make room, then run again.", file=sys.stderr
            )
            raise SystemExit(NoSpace.exit_code) from None
        if os.environ.get("MOSIS_DEBUG"):
            raise
        print(
            f"mosis: a defect of the system, not of your data: {describe_defect(error)}. Nothing that was answered is lost; "
            "run again, and tell the maintainers this line. (MOSIS_DEBUG=1 shows the whole trace, which can quote a record.)",
            file=sys.stderr,
        )
        raise SystemExit(DEFECT) from None
