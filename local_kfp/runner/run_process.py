"""Execute the run in a folder: its pipeline.yaml as its run.json says, recorded in its events.jsonl."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from local_kfp.command_line import SettingsError, WorldError, parser, run
from local_kfp.run_settings import RunSettings
from local_kfp.runner.keeper import keep
from local_kfp.runner.record import Record
from local_kfp.runner.tasks import Tasks

GRACE_SECONDS = 0.5


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("run", type=Path, help="the run's folder")
    arguments.add_argument("--with-parent", action="store_true", help="end the run when standard input ends")
    options = arguments.parse_args()
    keep(options.with_parent)
    return execute(options.run.resolve())


def execute(folder: Path) -> int:
    """Exit status: 0 the pipeline succeeded, 1 it failed."""
    settings: RunSettings = json.loads((folder / "run.json").read_text())
    (folder / "logs").mkdir(exist_ok=True)
    record = Record(folder)
    try:
        tasks = _tasks(settings, folder)
        end_together(record, tasks)
        error = run_pipeline(settings, folder, tasks, record)
        tasks.stop()
    except Exception as failure:
        record.cancel("the run's process failed")
        expected = isinstance(failure, (SettingsError, WorldError))
        record.finish("FAILED", str(failure) if expected else f"{type(failure).__name__}: {failure}")
        raise
    record.finish("FAILED" if error else "SUCCEEDED", error)
    return 1 if error else 0


def _tasks(settings: RunSettings, folder: Path) -> Tasks:
    if settings["runner"] == "docker":
        from local_kfp.runner.docker_tasks import DockerTasks

        return DockerTasks(folder, [Path(mount) for mount in settings["mounts"]])
    from local_kfp.runner.subprocess_tasks import SubprocessTasks

    tasks = SubprocessTasks(Path(settings["image_store"]).resolve())
    # Before kfp is imported in this process: both take more than a second and run in parallel.
    tasks.warm_up((folder / "pipeline.yaml").read_text() + (folder / "run.json").read_text())
    return tasks


def run_pipeline(settings: RunSettings, folder: Path, tasks: Tasks, record: Record) -> str | None:
    import yaml

    from local_kfp.runner.orchestrator import Orchestrator

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = yaml.load_all((folder / "pipeline.yaml").read_text(), loader)
    pipeline = next(document for document in documents if "root" in document)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    constants = {
        "{{$.pipeline_job_name}}": settings["display_name"],
        "{{$.pipeline_job_resource_name}}": settings["display_name"],
        "{{$.pipeline_job_uuid}}": settings["run_id"],
        "{{$.pipeline_job_create_time_utc}}": now,
        "{{$.pipeline_job_schedule_time_utc}}": settings["scheduled_time"],
        "{{$.pipeline_root}}": str(folder / "artifacts"),
    }
    return Orchestrator(folder, tasks, record, constants).run(pipeline, settings["parameters"])


def end_together(record: Record, tasks: Tasks) -> None:
    """Make SIGTERM to this process end all that it started."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        record.cancel("the run was terminated")
        record.finish("FAILED", "the run was terminated")
        os.killpg(0, signal.SIGTERM)
        tasks.stop()
        time.sleep(GRACE_SECONDS)
        os.killpg(0, signal.SIGKILL)  # processes that ignored SIGTERM, and this one

    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    run(main)
