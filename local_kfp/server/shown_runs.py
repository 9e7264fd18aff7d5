"""What the pages show of a run: its summary, graph, tasks and artifacts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from graphlib import CycleError
from pathlib import Path

import yaml

from local_kfp.json_types import Struct
from local_kfp.server.clock import format_time
from local_kfp.server.graph_picture import GraphPicture, picture
from local_kfp.server.page_contexts import ListedRun, Outcome, RunSummary, ShownArtifact, ShownTask, Tile
from local_kfp.server.pipeline_graph import leaves
from local_kfp.server.resources import Run
from local_kfp.server.server import Server
from local_kfp.server.task_details import FINAL_STATES, Outputs, Task, is_child, tasks


def summary(server: Server, run: Run) -> RunSummary:
    end = run["finished_at"] or server.clock.now()
    return {
        "id": run["run_id"],
        "name": run["display_name"],
        "state": run["state"],
        "live": run["state"] not in FINAL_STATES,
        "created": format_time(run["created_at"]),
        "duration": _duration(end - run["created_at"]),
        "archived": run["storage_state"] == "ARCHIVED",
    }


def listed(server: Server, run: Run) -> ListedRun:
    recorded = tasks(server.run_folder(run["run_id"]), run["state"])
    parents = {task["parent_task_id"] for task in recorded}
    shown = [task for task in recorded if task["task_id"] not in parents]
    tiles: list[Tile] = [{"name": _name(task), "state": task["state"]} for task in shown]
    return {**summary(server, run), "tasks": tiles, "outcomes": [*_outcomes(shown)]}


def _outcomes(shown: list[Task]) -> Iterator[Outcome]:
    for task in shown:
        for name, value in (task.get("outputs") or {"parameters": {}})["parameters"].items():
            if value is True or value == "true":
                yield {"name": name, "value": "true"}
            elif value is False or value == "false":
                yield {"name": name, "value": "false"}


def parameters(run: Run) -> Struct:
    return (run["runtime_config"] or {}).get("parameters", {})


def graph(server: Server, run: Run) -> GraphPicture | None:
    folder = server.run_folder(run["run_id"])
    recorded = tasks(folder, run["state"])
    try:
        specification = yaml.safe_load_all((folder / "pipeline.yaml").read_text())
        return picture(leaves(next(specification)), recorded, run["state"] in FINAL_STATES)
    except (OSError, KeyError, CycleError):  # the run has no folder yet, or ends with what is wrong
        return None


def shown_tasks(server: Server, run: Run) -> list[ShownTask]:
    recorded = tasks(server.run_folder(run["run_id"]), run["state"])
    parents = {task["parent_task_id"] for task in recorded}
    return [_task(server, run, task, depth, task["task_id"] in parents) for task, depth in _tree(recorded)]


def _tree(recorded: list[Task], parent: Task | None = None, depth: int = 0) -> Iterator[tuple[Task, int]]:
    """The tasks and their depths, each task after its parent."""
    for task in recorded:
        if is_child(task, parent) if parent else not task["parent_task_id"]:
            yield task, depth
            yield from _tree(recorded, task, depth + 1)


def _task(server: Server, run: Run, task: Task, depth: int, is_parent: bool) -> ShownTask:
    outputs = task.get("outputs") or {"parameters": {}, "artifacts": {}}
    folder = server.run_folder(run["run_id"])
    return {
        "task_id": task["task_id"],
        "name": _name(task),
        "state": task["state"],
        "log": task["log"],
        "error": task.get("error"),
        "depth": depth,
        "is_parent": is_parent,
        "duration": _took(task, run["finished_at"] or server.clock.now()),
        "parameters": outputs["parameters"],
        "artifacts": [_artifact(folder, run, name, uri) for name, uri in _uris(outputs)],
    }


def _uris(outputs: Outputs) -> Iterator[tuple[str, str]]:
    """Each artifact's name and URI; a loop has a list of URIs for each name."""
    for name, uris in outputs["artifacts"].items():
        yield from ((name, uri) for uri in (uris if isinstance(uris, list) else [uris]))


def _name(task: Task) -> str:
    return task.get("display_name") or task["name"]


def _took(task: Task, now: int) -> str:
    start, end = task["start_time"], task.get("end_time")
    if not start:
        return ""
    until = datetime.fromisoformat(end) if end else datetime.fromtimestamp(now, UTC)
    seconds = max(0.0, (until - datetime.fromisoformat(start)).total_seconds())
    return f"{seconds:.1f} s" if seconds < 10 else _duration(int(seconds))


def _artifact(folder: Path, run: Run, name: str, uri: str) -> ShownArtifact:
    file = inside(folder, uri.removeprefix("file://"))
    return {
        "name": name,
        "uri": uri,
        "link": f"/runs/{run['run_id']}/artifacts/{file.relative_to(folder.resolve())}" if file else None,
        "is_report": file is not None and is_report(file),
    }


def inside(folder: Path, path: str) -> Path | None:
    """The file at a path with links resolved, or None if there is none or it is not in the run's folder."""
    try:
        resolved = (folder / path).resolve()
        return resolved if resolved.is_relative_to(folder.resolve()) and resolved.is_file() else None
    except (ValueError, OSError):  # a null character, a name that is too long
        return None


def is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(256).lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
