"""Each measurement in a process of its own: its memory is given back whole, and a long series survives one that fails."""

import multiprocessing
import resource
from multiprocessing.connection import Connection
from typing import Any

from flows.accuracy import Order, measure
from flows.progress import Progress
from schemas.errors import MosisError


def measure_apart(order: Order, *, progress: Progress) -> dict[str, Any]:
    """``measure`` in a fresh process; with ``peak_mib`` and ``cpu_seconds``: what it took.

    Raises:
        MosisError: the process ended without a result, most often because memory ran out.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, order), daemon=True)
    process.start()
    there.close()
    try:
        return _listen(here, progress)
    except EOFError:
        process.join()
        raise MosisError(
            f"accuracy: the measurement of seed {order.seed} ({order.students} students) ended with exit code "
            f"{process.exitcode} and no result (-9: killed, most often for want of memory). Measure fewer students, or free "
            "memory and give the same command again: with --out, what is done is kept."
        ) from None
    except BaseException:
        process.terminate()
        raise
    finally:
        here.close()
        process.join()


def _listen(connection: Connection, progress: Progress) -> dict[str, Any]:
    while True:
        kind, content = connection.recv()
        if kind == "progress":
            progress(*content)
        elif kind == "failed":
            raise MosisError(f"accuracy: {content}")
        else:
            result: dict[str, Any] = content
            return result


def _work(connection: Connection, order: Order) -> None:
    def tell(stage: str, done: int, total: int) -> None:
        connection.send(("progress", (stage, done, total)))

    try:
        result = measure(order, progress=tell)
    except MosisError as error:
        connection.send(("failed", str(error)))
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = {"peak_mib": usage.ru_maxrss // 1024, "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1)}
    connection.send(("result", {**result, **used}))
