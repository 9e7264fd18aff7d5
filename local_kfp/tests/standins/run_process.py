"""Stands in for the process of a run: the parameter `behave` says what becomes of it.

succeed, fail, die (without a verdict), litter (succeed, leaving a grandchild), wait (for the file `go` in its
folder, even if that moves), or hang (with a grandchild; it ignores SIGTERM if that is `hang-deaf`).
With no such parameter, BEHAVE in the environment does.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from local_kfp.runner.keeper import keep

keep(with_parent=True, grace_seconds=0.3)
folder = Path(sys.argv[1])
settings = json.loads((folder / "run.json").read_text())
behave = settings["parameters"].get("behave", os.environ.get("BEHAVE", "succeed"))
(folder / "logs").mkdir(exist_ok=True)
ROOT, TASK = str(uuid.uuid4()), str(uuid.uuid4())
STARTED, ENDED = "2026-01-01T00:00:00.123456+00:00", "2026-01-01T00:00:02+00:00"


def record(**event: object) -> None:
    with (folder / "events.jsonl").open("a") as events:
        events.write(json.dumps(event) + "\n")


def task(state: str, **changes: object) -> None:
    names = {"task_id": TASK, "parent_task_id": ROOT, "name": "say-hello", "display_name": "say-hello"}
    outputs = {
        "parameters": {"greeting": "<b>hi</b>"},
        "artifacts": {"report": f"{folder}/artifacts/report.html"},
    }
    times = {"start_time": STARTED, "end_time": None, "error": None, "exit_code": None}
    record(**names | times | {"state": state, "log": f"logs/{TASK}.log", "outputs": outputs} | changes)


(folder / "logs" / f"{TASK}.log").write_text("hello from the task\n")
(folder / "artifacts").mkdir(exist_ok=True)
(folder / "artifacts/report.html").write_text("<!doctype html><h1>A report</h1><script>alert(1)</script>")
record(task_id=ROOT, parent_task_id=None, name="root", state="RUNNING", start_time=STARTED, log=None)
task("RUNNING")
if behave == "die":
    sys.exit("Killed by the stand-in")
if behave == "hang-deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if behave in ("hang", "hang-deaf", "litter"):
    child = subprocess.Popen(["sleep", "600"])
    (folder / "pids").write_text(f"{os.getpid()} {child.pid}")
if behave.startswith("hang"):
    time.sleep(600)
if behave == "wait":
    os.chdir(folder)
    Path("pids").write_text(str(os.getpid()))
    while not Path("go").exists():
        time.sleep(0.02)
    sys.exit()
if behave == "fail":
    task("FAILED", end_time=ENDED, error="exit status 1", exit_code=1)
else:
    task("SUCCEEDED", end_time=ENDED, exit_code=0)
state = "FAILED" if behave == "fail" else "SUCCEEDED"
record(
    task_id=ROOT, parent_task_id=None, name="root", state=state, start_time=STARTED, end_time=ENDED, log=None
)
record(run=state, error="say-hello failed" if behave == "fail" else None)
