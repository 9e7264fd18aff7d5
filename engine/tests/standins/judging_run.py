"""Stands in for the process of a run that judges: it leaves a verdict as soon as it gets one."""

import json
import shutil
import sys
import time
from pathlib import Path

documents, folder = map(Path, sys.argv[1:])
settings = json.loads((folder / "run.json").read_text())
results = Path(settings["parameters"]["results_uri"].removeprefix("file://"))
while not (documents / "verdict.json").exists():
    time.sleep(0.02)
for name in ("report.html", "report.md", "verdict.json"):
    shutil.copy(documents / name, results / name)
(folder / "events.jsonl").write_text('{"run": "SUCCEEDED", "error": null}\n')
