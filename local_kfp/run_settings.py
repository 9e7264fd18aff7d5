"""What the server passes to the process of a run: the content of the run's run.json."""

from typing import TypedDict

from local_kfp.json_types import Struct


class RunSettings(TypedDict):
    run_id: str
    display_name: str
    workflow: str
    """Name of the workflow that a cluster would make for the run."""
    scheduled_time: str
    parameters: Struct
    runner: str
    """`subprocess` or `docker`."""
    image_store: str
    mounts: list[str]
