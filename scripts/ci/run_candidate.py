"""Run a change's code in the folder that prepare_candidate made, and leave handover.tar for the judge."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

from engine.command_line import Finding, parser, run

PLACE = Path(__file__).resolve().parents[2]
HANDOVER = "handover.tar"


def main() -> None:
    """Exit status 1: the candidate made no model; what its features are is handed over all the same."""
    parser(__doc__).parse_args()

    folder = PLACE / "run"
    settings = json.loads((folder / "run.json").read_text())
    settings["image_store"] = str(PLACE / settings["image_store"])
    settings["parameters"] |= {
        "rows_uri": (PLACE / "rows.tar").as_uri(),
        "handover_uri": (PLACE / HANDOVER).as_uri(),
    }
    (folder / "run.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "local_kfp.runner.run_process", str(folder)]
    ended = subprocess.run(command, cwd=PLACE)
    show(folder)
    if ended.returncode:
        raise Finding("expected a model and its predictions, found a task that failed; see its log above")


def show(folder: Path) -> None:
    """What the tasks printed and how their run ended, in which a runner must find no command."""
    mark = secrets.token_hex(16)
    print(f"::stop-commands::{mark}", flush=True)
    for log in sorted((folder / "logs").iterdir(), key=lambda path: path.stat().st_mtime):
        print(f"--- {log.stem}")
        sys.stdout.write(log.read_text(errors="replace")[-20_000:])
    print(f"--- {(folder / 'events.jsonl').read_text(errors='replace').splitlines()[-1]}")
    print(f"::{mark}::", flush=True)


if __name__ == "__main__":
    run(main)
