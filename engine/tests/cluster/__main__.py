"""Take a model through its life on a cluster, say in one table what passed, and leave nothing behind."""

import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from engine.command_line import Finding, SettingsError, WorldError, parser, run
from engine.tests.cluster.clean_up import remove_images, remove_objects, remove_runs
from engine.tests.cluster.loop import PIPELINES, Loop
from engine.tests.cluster.place import read_place
from engine.tests.containers.container_engine import STORE, Engine
from engine.tests.project import copy_of_this_project

Row = tuple[str, str, str, str]


def main() -> int:
    parser(__doc__).parse_args()
    model = f"cluster-{uuid.uuid4().hex[:8]}"
    place = read_place(model)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "project").mkdir()
        loop = Loop(place, copy_of_this_project(Path(folder) / "project"), Engine(STORE), model)
        loop.expect_unused()
        rows = [tried("prepare", loop.prepare)]
        try:
            for name, step in loop.steps.items():
                passed = all(row[1] == "passed" for row in rows)
                rows.append(tried(name, step) if passed else (name, "not run", "", ""))
        finally:
            rows.append(tried("clean up", lambda: clean_up(loop)))
            print(table(rows))
    return 0 if all(row[1] == "passed" for row in rows) else Finding.status


def tried(name: str, step: Callable[[], str]) -> Row:
    """What a step came to; what went wrong in it is printed at once, whole."""
    print(f"{name} ...", flush=True)
    begun = time.monotonic()
    try:
        result, seen = "passed", step()
    except (Finding, SettingsError, WorldError) as error:
        print(error, flush=True)
        result, seen = "failed", str(error).partition("\n")[0]
    return name, result, f"{time.monotonic() - begun:.0f} s", seen


def clean_up(loop: Loop) -> str:
    problems = remove_runs(loop.client, loop.model, PIPELINES)
    problems += remove_images(loop.place.images, loop.pushed)
    problems += remove_objects(loop.place.store_uri)
    if problems:
        raise Finding("\n".join(problems))
    return ""


def table(rows: list[Row]) -> str:
    """Markdown that reads well in a terminal too."""
    whole = [("step", "result", "time", "seen"), *rows]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    whole.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type] # four of them
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in whole)


if __name__ == "__main__":
    run(main)
