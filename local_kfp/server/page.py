"""The HTML pages: runs with their graph, tasks, logs and reports, and two runs side by side."""

import mimetypes
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from local_kfp.server.clock import format_time
from local_kfp.server.errors import ApiError, not_found
from local_kfp.server.page_contexts import (
    ComparisonContext,
    ListedSchedule,
    RunContext,
    RunsContext,
)
from local_kfp.server.resources import RecurringRun
from local_kfp.server.run_comparison import Side, comparison
from local_kfp.server.runs import task_log
from local_kfp.server.scheduler import next_run_time
from local_kfp.server.server import Server, server_of
from local_kfp.server.shown_runs import graph, inside, is_report, listed, parameters, shown_tasks, summary

_RUNS_SHOWN = 100
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)
# An artifact comes from a task: it may have styles, but it cannot run scripts or load anything.
_ARTIFACT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_TEMPLATES = Path(__file__).parent / "templates"
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


async def show_runs(request: Request) -> Response:
    server = server_of(request)
    rows = server.store.query(f"SELECT * FROM runs ORDER BY created_at DESC, rowid DESC LIMIT {_RUNS_SHOWN}")
    runs = [listed(server, run) for run in rows]
    schedules = server.store.query("SELECT * FROM recurring_runs ORDER BY created_at")
    failures = [str(failure) for failure in server.background.failures]
    context: RunsContext = {
        "live": bool(failures) or any(run["live"] for run in runs),
        "failures": failures,
        "runs": runs,
        "schedules": [_schedule(server, schedule) for schedule in schedules],
    }
    return _page("runs.html", context)


async def show_run(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    shown_run, shown = summary(server, run), shown_tasks(server, run)
    errors = [status["error"]["message"] for status in run["state_history"] or [] if "error" in status]
    context: RunContext = {
        "live": shown_run["live"],
        "graph": graph(server, run),
        "run": shown_run,
        "tasks": shown,
        "reports": [artifact for task in shown for artifact in task["artifacts"] if artifact["is_report"]],
        "reasons": errors[-1:],
        "parameters": parameters(run),
    }
    return _page("run.html", context)


async def compare_runs(request: Request) -> Response:
    server = server_of(request)
    chosen = request.query_params.getlist("run")
    runs = [server.store.get("runs", run_id) for run_id in chosen]
    sides: list[Side] = [(summary(server, run), parameters(run), shown_tasks(server, run)) for run in runs]
    context: ComparisonContext = {
        "live": False,
        "comparison": comparison(*sides) if len(sides) == 2 else None,
    }
    return _page("compare.html", context, 200 if context["comparison"] else 400)


async def show_script(_: Request) -> Response:
    return FileResponse(_TEMPLATES / "live.js", headers={"x-content-type-options": "nosniff"})


async def show_log(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    response = task_log(server, run, request.path_params["task_id"])
    response.headers["x-content-type-options"] = "nosniff"
    return response


async def show_artifact(request: Request) -> Response:
    server = server_of(request)
    run = server.store.get("runs", request.path_params["run_id"])
    path = inside(server.run_folder(run["run_id"]), request.path_params["path"])
    if path is None:
        raise not_found("Artifact", request.path_params["path"])
    content = path.read_bytes()
    kind = "text/html" if is_report(path) else mimetypes.guess_type(path.name)[0] or _text_or_bytes(content)
    headers = {"content-security-policy": _ARTIFACT_POLICY, "x-content-type-options": "nosniff"}
    return Response(content, media_type=kind, headers=headers)


def _page(
    template: str, context: RunsContext | RunContext | ComparisonContext, status: int = 200
) -> Response:
    html = _templates.get_template(template).render(context)
    return HTMLResponse(html, status, headers={"content-security-policy": _PAGE_POLICY})


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


def _text_or_bytes(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


ROUTES = [
    Route("/", show_runs),
    Route("/live.js", show_script),
    Route("/compare", compare_runs),
    Route("/runs/{run_id}", show_run),
    Route("/runs/{run_id}/logs/{task_id}", show_log),
    Route("/runs/{run_id}/artifacts/{path:path}", show_artifact),
]
