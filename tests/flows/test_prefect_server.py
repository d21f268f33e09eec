"""A real Prefect server and worker on loopback: deploy, trigger a run of the sample state, see a scheduled run start."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ready()
        if answer:
            return answer
        time.sleep(1)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


class Server:
    """The API of a Prefect server that this test started."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api"

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        return list(self.post("flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}}))


@pytest.fixture
def prefect(tmp_path: Path, sample_home: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    port = free_port()
    server = Server(port)
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": server.url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "MOSIS_HOME": str(sample_home),
        "MOSIS_CODE": str(ROOT),
    }

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{arguments[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [PREFECT, *arguments], env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )

    def stop(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    with ExitStack() as running:
        running.callback(stop, start("server", "start", "--host", "127.0.0.1", "--port", str(port)))
        wait_for("server", server.is_up)
        # The deployments as they are, but for the pace: nobody wants to wait five minutes for the first scheduled run.
        hurried = tmp_path / "prefect.yaml"
        hurried.write_text((ROOT / "prefect.yaml").read_text("utf-8").replace("interval: 300", "interval: 20"), "utf-8")
        for command in (
            ["work-pool", "create", "mosis", "--type", "process", "--overwrite"],
            ["work-pool", "set-concurrency-limit", "mosis", "1"],
            ["--no-prompt", "deploy", "--all", "--prefect-file", str(hurried)],
        ):
            subprocess.run(
                [PREFECT, *command], env=environment, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE
            )
        # The worker leaves first: without a server it would not leave at all.
        running.callback(stop, start("worker", "start", "--pool", "mosis"))
        yield server, environment


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_triggered_and_scheduled_runs_complete(prefect: tuple[Server, dict[str, str]], sample_home: Path) -> None:
    server, environment = prefect
    subprocess.run(
        [PREFECT, "deployment", "run", "cycle-run/cycle-run"],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )

    def ended(deployment: str) -> dict[str, Any] | None:
        finished = [run for run in server.runs(deployment) if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]
        return finished[0] if finished else None

    triggered = wait_for("the triggered cycle run", lambda: ended("cycle-run"))
    assert triggered["state_type"] == "COMPLETED", triggered["state"]["message"]
    assert "files" in triggered["state"]["message"]
    assert list((sample_home / "outbox").rglob("receipt.json"))

    scheduled = wait_for(
        "a scheduled intake",
        lambda: [run for run in server.runs("intake") if run["auto_scheduled"] and run["start_time"]],
        420,
    )
    assert scheduled[0]["state_type"] in ("RUNNING", "COMPLETED")
    artifacts = {artifact["key"] for artifact in server.post("artifacts/filter", {})}
    assert {"cycle-run-counts", "cycle-run-reports"} <= artifacts
