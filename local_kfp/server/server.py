"""What all handlers share, and how a run is created."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.requests import Request

from local_kfp.json_types import Struct
from local_kfp.run_settings import RunSettings
from local_kfp.server.background import Background
from local_kfp.server.clock import Clock, format_time
from local_kfp.server.errors import invalid, not_found
from local_kfp.server.names import LONGEST_OF_RUN, check_free, check_storable
from local_kfp.server.pipeline_spec import Pipeline, check_parameters, from_struct
from local_kfp.server.resources import Experiment, NewRun, PipelineVersion, Run, Source
from local_kfp.server.store import Store
from local_kfp.server.supervisor import Supervisor, filled_folder
from local_kfp.server.task_details import FINAL_STATES

DEFAULT_EXPERIMENT = "Default"
DEFAULT_ACCOUNT = "pipeline-runner"
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Server:
    store: Store
    clock: Clock
    supervisor: Supervisor
    images: Path
    runner: str
    mounts: Sequence[Path] = ()
    shows_nodes: bool = False
    """List the nodes of a workflow instead of tasks, as a cluster does."""
    zone: ZoneInfo = UTC
    """Cron expressions are times of this zone, as the real server's CRON_SCHEDULE_TIMEZONE."""

    @property
    def background(self) -> Background:
        return self.supervisor.background

    def run_folder(self, run_id: str) -> Path:
        return self.supervisor.folder / run_id

    def delete_run(self, run_id: str) -> None:
        """Delete a run that has ended, with its folder."""
        self.store.delete("runs", run_id)
        shutil.rmtree(self.run_folder(run_id), ignore_errors=True)

    def prune(self, count: int) -> None:
        """Delete all but the newest `count` of the runs that have ended, with their data on disk."""
        marks = ", ".join("?" * len(FINAL_STATES))
        ended = f"SELECT run_id FROM runs WHERE state IN ({marks}) ORDER BY created_at DESC, rowid DESC"
        for run in self.store.query(f"{ended} LIMIT -1 OFFSET ?", *FINAL_STATES, count):
            self.delete_run(run["run_id"])

    def add_default_experiment(self) -> str:
        """The id of the experiment of runs that name none; it is created if it is missing."""
        rows = self.store.query("SELECT * FROM experiments WHERE display_name = ?", DEFAULT_EXPERIMENT)
        if rows:
            return str(rows[0]["experiment_id"])
        description = "All runs created without specifying an experiment will be grouped here."
        return str(self.add_experiment(DEFAULT_EXPERIMENT, description)["experiment_id"])

    def add_experiment(self, name: str, description: str) -> Experiment:
        check_free(self.store, "experiment", "experiments", "display_name", name)
        check_storable("experiment", name)
        experiment: Experiment = self.store.insert(
            "experiments",
            display_name=name,
            description=description,
            storage_state="AVAILABLE",
            created_at=self.clock.now(),
            last_run_created_at=0,
        )
        return experiment

    def experiment_of(self, identity: str) -> str:
        """The id of the experiment that a request for a run or a recurring run names, if it names one."""
        if identity:
            return self.store.get("experiments", identity)["experiment_id"]
        return self.add_default_experiment()

    def latest_version(self, pipeline_id: str) -> PipelineVersion:
        self.store.get("pipelines", pipeline_id)
        newest = "WHERE pipeline_id = ? ORDER BY created_at DESC, rowid DESC LIMIT 1"
        versions: list[PipelineVersion] = self.store.query(
            f"SELECT * FROM pipeline_versions {newest}", pipeline_id
        )
        if not versions:
            raise not_found("PipelineVersion of pipeline", pipeline_id)
        return versions[0]

    def source_of(self, source: Source) -> tuple[Pipeline, Source]:
        """The pipeline that a run or a recurring run names, and the columns of its row about it."""
        reference = source.get("pipeline_version_reference", {})
        version_id = reference.get("pipeline_version_id") or source.get("pipeline_version_id", "")
        pipeline_id = reference.get("pipeline_id", "")
        if not version_id and not pipeline_id:
            if not source.get("pipeline_spec"):
                raise invalid("Failed to fetch a template with an empty pipeline spec manifest")
            return from_struct(source["pipeline_spec"]), {"pipeline_spec": source["pipeline_spec"]}
        if version_id:
            version = self.store.get("pipeline_versions", version_id)
        else:
            version = self.latest_version(pipeline_id)
        owner = version["pipeline_id"]
        if pipeline_id not in ("", owner):
            raise invalid(f"Pipeline version {version_id} belongs to pipeline {owner} (not {pipeline_id})")
        reference = {"pipeline_id": owner, "pipeline_version_id": version["pipeline_version_id"]}
        return Pipeline.from_stored(version["pipeline_spec"]), {"pipeline_version_reference": reference}

    async def launch(self, pipeline: Pipeline, source: Source, run: NewRun, parameters: Struct) -> Run:
        """Add a run and start its process; `parameters` are expanded."""
        check_parameters(pipeline.spec, parameters)
        check_storable("run", run["display_name"], LONGEST_OF_RUN)
        run_id, now = run["run_id"], self.clock.now()
        folder = self.run_folder(run_id)
        settings: RunSettings = {
            "run_id": run_id,
            "display_name": run["display_name"],
            "workflow": f"{pipeline.spec['pipelineInfo']['name']}-{run_id[:5]}",
            "scheduled_time": format_time(run["scheduled_at"]),
            "parameters": parameters,
            "runner": self.runner,
            "image_store": str(self.images),
            "mounts": [str(path) for path in self.mounts],
        }
        with filled_folder(folder, pipeline.yaml, settings), self.store:
            times = {"created_at": now, "finished_at": 0}
            self.store.insert("runs", **run, **source, **times, storage_state="AVAILABLE")
            self.supervisor.enter(run_id, "PENDING")
            self.store.update("experiments", run["experiment_id"], last_run_created_at=now)
            created = self.store.get("runs", run_id)
        await self.supervisor.start(run_id)
        return created


def server_of(request: Request) -> Server:
    server: Server = request.app.state.server
    return server
