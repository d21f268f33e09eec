"""Every exception of the project, each with the exit code a command ends with (design: commands)."""

from pathlib import Path


class MosisError(Exception):
    """A run cannot go on. The text says where, what was found, what was expected and what to do; never a student's value."""

    exit_code = 1


class UsageError(MosisError):
    """A command or setting was used wrongly."""

    exit_code = 2


class NoStateHome(MosisError):
    """The folder is not a state home."""

    exit_code = 3


class UnknownName(MosisError):
    """A district, collection or ID that the state does not know."""

    exit_code = 4


class Busy(MosisError):
    """Another run holds the lock; the message names its PID."""

    exit_code = 5


class DictionaryError(MosisError):
    """The data dictionary, a code set, the calendar or the directory disagrees with itself."""

    exit_code = 6


class RuleBookError(DictionaryError):
    """A rule that cannot be used: unknown field, broken predicate, double number."""


class JournalMismatch(MosisError):
    """Journal and database tell different stories; nothing may be issued until a person has looked."""

    exit_code = 7


class PlanDamaged(JournalMismatch):
    """The plan of an interrupted run is not as it was written; its IDs may be journaled, so a person must look first."""


class CommitUnknown(MosisError):
    """The database failed at COMMIT: the group may or may not be stored. The next run opens it again, looks and goes on."""


class NoSpace(MosisError):
    """Too little free disk to start safely."""

    exit_code = 8


class UnsafeRelease(MosisError):
    """A public release from which a withheld count could be computed."""

    exit_code = 9


class NewerDatabase(MosisError):
    """state.duckdb was written by a newer version of this system."""

    exit_code = 10


class KeyUnavailable(MosisError):
    """The SSN key is missing or can be read by others."""

    exit_code = 11


def describe_defect(error: BaseException) -> str:
    """What may be said of an error that is none of ours: its kind and where it arose, never its text, which can quote a value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}" if trace else "an unknown place"
    return f"{type(error).__name__} in {place}"


class FileRefused(Exception):
    """One submitted file cannot be taken. Data, not a defect: the run turns it into a receipt and goes on.

    Args:
        outcome: ``rejected`` (an extract, but not one that can be used) or ``quarantined`` (not an extract of ours).
        reason: short code, never renumbered, such as ``HEADER_UNKNOWN_COLUMN``.
        message: where, what was found, what was expected; no student value.
        next_step: what the sender should do.
        line: physical line, counted from 1, where there is one.
    """

    def __init__(self, outcome: str, reason: str, message: str, next_step: str, line: int | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.reason = reason
        self.message = message
        self.next_step = next_step
        self.line = line
