"""What the API creates: the fields of its requests, and the rows that are stored of them."""

from typing import Annotated, Literal, NotRequired, TypedDict, final

from local_kfp.json_types import Struct

Int64 = Annotated[str, "int64"]
Time = Annotated[str, "time"]
Mode = Literal["MODE_UNSPECIFIED", "ENABLE", "DISABLE"]


class VersionReference(TypedDict, total=False):
    """Without a version, the newest of the pipeline."""

    pipeline_id: str
    pipeline_version_id: str


class RuntimeConfig(TypedDict, total=False):
    parameters: Struct
    pipeline_root: str


class Source(TypedDict, total=False):
    """The pipeline of a run or a recurring run, in one of three ways."""

    pipeline_spec: Struct
    pipeline_version_id: str
    pipeline_version_reference: VersionReference


class PipelineRequest(TypedDict, total=False):
    pipeline_id: str
    display_name: str
    name: str
    description: str
    created_at: Time
    namespace: str
    tags: Struct


class ExperimentRequest(TypedDict, total=False):
    experiment_id: str
    display_name: str
    description: str
    created_at: Time
    namespace: str
    storage_state: str
    last_run_created_at: Time


class RunRequest(Source, total=False):
    runtime_config: RuntimeConfig
    service_account: str
    experiment_id: str
    run_id: str
    display_name: str
    storage_state: str
    description: str
    created_at: Time
    scheduled_at: Time
    finished_at: Time
    state: str
    recurring_run_id: str
    plugins_input: Struct


class Window(TypedDict, total=False):
    start_time: Time
    end_time: Time


@final
class CronSchedule(Window, total=False):
    cron: str


@final
class PeriodicSchedule(Window, total=False):
    interval_second: Int64


class Trigger(TypedDict, total=False):
    """One of the two; without a schedule it runs once."""

    cron_schedule: CronSchedule
    periodic_schedule: PeriodicSchedule


class RecurringRunRequest(Source, total=False):
    runtime_config: RuntimeConfig
    service_account: str
    recurring_run_id: str
    display_name: str
    description: str
    max_concurrency: Int64
    trigger: Trigger
    mode: Mode
    created_at: Time
    updated_at: Time
    status: str
    no_catchup: bool
    namespace: str
    experiment_id: str
    plugins_input: Struct


class Experiment(TypedDict):
    experiment_id: str
    storage_state: str


class Uploaded(TypedDict):
    """What a request says of a pipeline or of a version."""

    name: str
    display_name: str
    description: str
    tags: Struct


class StoredPipeline(Uploaded):
    pipeline_id: str


class PipelineVersion(Uploaded):
    pipeline_version_id: str
    pipeline_id: str
    pipeline_spec: Struct


class StoredSource(TypedDict):
    """The pipeline by reference or as its specification; the other is null."""

    pipeline_version_reference: VersionReference | None
    pipeline_spec: Struct | None


class Failure(TypedDict):
    code: int
    message: str


class RunStatus(TypedDict):
    update_time: str
    state: str
    error: NotRequired[Failure]


class NewRun(TypedDict):
    """What a request or a schedule says of a run; `scheduled_at` in seconds since 1970."""

    run_id: str
    experiment_id: str
    recurring_run_id: str
    display_name: str
    description: str
    service_account: str
    runtime_config: RuntimeConfig | None
    scheduled_at: int


class Run(NewRun, StoredSource):
    """Times are in seconds since 1970, 0 if the run has not ended."""

    storage_state: str
    state: str
    state_history: list[RunStatus] | None
    created_at: int
    finished_at: int
    local_process_group: int | None


class RecurringRun(StoredSource):
    recurring_run_id: str
    experiment_id: str
    display_name: str
    service_account: str
    runtime_config: RuntimeConfig | None
    trigger: Trigger
    mode: str
    status: str
    max_concurrency: str
    no_catchup: bool
    created_at: int
    local_last_triggered_at: int | None
    local_last_index: int
