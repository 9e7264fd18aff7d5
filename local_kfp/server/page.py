"""The HTML page: runs with their tasks, logs and reports."""

import mimetypes
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from local_kfp.server.clock import format_time
from local_kfp.server.errors import ApiError, not_found
from local_kfp.server.page_contexts import (
    ListedRun,
    ListedSchedule,
    RunContext,
    RunsContext,
    RunSummary,
    ShownArtifact,
    ShownTask,
    Tile,
)
from local_kfp.server.resources import RecurringRun, Run
from local_kfp.server.runs import task_log
from local_kfp.server.scheduler import next_run_time
from local_kfp.server.server import Server, server_of
from local_kfp.server.task_details import FINAL_STATES, Outputs, Task, is_child, tasks

_RUNS_SHOWN = 100
_REFRESH_SECONDS = 2
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
# An artifact comes from a task: it may have styles, but it cannot run scripts or load anything.
_ARTIFACT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


async def show_runs(request: Request) -> Response:
    server = server_of(request)
    rows = server.store.query(f"SELECT * FROM runs ORDER BY created_at DESC, rowid DESC LIMIT {_RUNS_SHOWN}")
    runs: list[ListedRun] = [{**_summary(server, run), "tasks": _leaves(server, run)} for run in rows]
    schedules = server.store.query("SELECT * FROM recurring_runs ORDER BY created_at")
    failures = [str(failure) for failure in server.background.failures]
    context: RunsContext = {
        "refresh": _refresh(bool(failures) or any(run["live"] for run in runs)),
        "failures": failures,
        "runs": runs,
        "schedules": [_schedule(server, schedule) for schedule in schedules],
    }
    return _page("runs.html", context)


async def show_run(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    summary, shown = _summary(server, run), _tasks(server, run)
    errors = [status["error"]["message"] for status in run["state_history"] or [] if "error" in status]
    context: RunContext = {
        "refresh": _refresh(summary["live"]),
        "run": summary,
        "tasks": shown,
        "reports": [artifact for task in shown for artifact in task["artifacts"] if artifact["is_report"]],
        "reasons": errors[-1:],
        "parameters": (run["runtime_config"] or {}).get("parameters", {}),
    }
    return _page("run.html", context)


async def show_log(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    response = task_log(server, run, request.path_params["task_id"])
    response.headers["x-content-type-options"] = "nosniff"
    return response


async def show_artifact(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    path = _inside(server.run_folder(run["run_id"]), request.path_params["path"])
    if path is None:
        raise not_found("Artifact", request.path_params["path"])
    content = path.read_bytes()
    kind = "text/html" if _is_report(path) else mimetypes.guess_type(path.name)[0] or _text_or_bytes(content)
    headers = {"content-security-policy": _ARTIFACT_POLICY, "x-content-type-options": "nosniff"}
    return Response(content, media_type=kind, headers=headers)


def _page(template: str, context: RunsContext | RunContext) -> Response:
    html = _templates.get_template(template).render(context)
    return HTMLResponse(html, headers={"content-security-policy": _PAGE_POLICY})


def _refresh(live: bool) -> int | None:
    return _REFRESH_SECONDS if live else None


def _summary(server: Server, run: Run) -> RunSummary:
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


def _schedule(server: Server, schedule: RecurringRun) -> ListedSchedule:
    enabled, trigger = schedule["mode"] == "ENABLE", schedule["trigger"]
    return {
        "display_name": schedule["display_name"],
        "status": schedule["status"],
        "enabled": enabled,
        "cron": trigger.get("cron_schedule", {}).get("cron", ""),
        "interval": trigger.get("periodic_schedule", {}).get("interval_second", ""),
        "next": _next(server, schedule) if enabled else "-",
    }


def _next(server: Server, schedule: RecurringRun) -> str:
    try:
        due = next_run_time(server, schedule)
    except ApiError:  # it is shown as a failure of the scheduler
        due = None
    return format_time(due) if due is not None else "-"


def _leaves(server: Server, run: Run) -> list[Tile]:
    recorded = tasks(server.run_folder(run["run_id"]), run["state"])
    parents = {task["parent_task_id"] for task in recorded}
    return [
        {"name": _name(task), "state": task["state"]} for task in recorded if task["task_id"] not in parents
    ]


def _tasks(server: Server, run: Run) -> list[ShownTask]:
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
    file = _inside(folder, uri.removeprefix("file://"))
    return {
        "name": name,
        "uri": uri,
        "link": f"/runs/{run['run_id']}/artifacts/{file.relative_to(folder.resolve())}" if file else None,
        "is_report": file is not None and _is_report(file),
    }


def _inside(folder: Path, path: str) -> Path | None:
    """The file at a path with links resolved, or None if there is none or it is not in the run's folder."""
    try:
        resolved = (folder / path).resolve()
        return resolved if resolved.is_relative_to(folder.resolve()) and resolved.is_file() else None
    except (ValueError, OSError):  # a null character, a name that is too long
        return None


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(256).lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _text_or_bytes(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


ROUTES = [
    Route("/", show_runs),
    Route("/runs/{run_id}", show_run),
    Route("/runs/{run_id}/logs/{task_id}", show_log),
    Route("/runs/{run_id}/artifacts/{path:path}", show_artifact),
]
