"""Start training.yml for the newest alarm, if the settings say so and no training answered it yet."""

from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import WorldError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.documents.ledger import Alarm, MonitorState
    from engine.model_registry.model_registry import ModelRegistry

PERMISSIONS = {"actions": "write"}
WORKFLOW = "training.yml"


def main() -> int:
    parser(__doc__).parse_args()

    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.settings.settings import load

    root = Path.cwd()
    settings = load(root / "mlops.yaml")
    if settings.monitoring.start != "github":
        print(f"monitoring.start is {settings.monitoring.start}: no alarm starts {WORKFLOW}")
        return 0
    registry = ModelRegistry(model_registry_uri(root), settings.model)
    champion = registry.champion()
    alarm = unanswered(registry.monitored()[0], champion["version"] if champion else "")
    if alarm is None:
        print("there is no alarm about the champion that waits for a training")
        return 0

    from engine.github.api import GitHub

    github = GitHub()
    branch = github.get()["default_branch"]
    body = {"ref": branch, "inputs": {"as-of": alarm["as_of"]}}
    try:
        github.post("actions", "workflows", WORKFLOW, "dispatches", body=body)
    except WorldError as error:
        raise WorldError(f"{error}; the alarm {alarm['key']} waits for the next run to try again") from None
    answer(registry, alarm["key"])
    line = f"{WORKFLOW} started on {branch} as of {alarm['as_of']}, for the alarm {alarm['key']}"
    print(line)
    add_summary(f"{line}\n")
    return 0


def unanswered(state: "MonitorState", champion: str) -> "Alarm | None":
    """The newest alarm, if it is about the champion and has started nothing yet."""
    alarms = [each for each in state["alarms"] if each["version"] == champion]
    newest = max(alarms, key=lambda each: each["as_of"], default=None)
    return newest if newest and not newest.get("started") else None


def answer(registry: "ModelRegistry", key: str) -> None:
    """Note that the alarm has started a training. Killed before this, it is started again: training.yml runs
    one at a time, and the same day and code make the same model once more."""
    from engine.stores.compare_and_swap import swapped

    def attempt() -> None:
        state, tag = registry.monitored()
        alarms = [answered(alarm) if alarm["key"] == key else alarm for alarm in state["alarms"]]
        registry.keep_monitored({**state, "alarms": alarms}, tag)

    swapped(attempt, registry.documents.uri)


def answered(alarm: "Alarm") -> "Alarm":
    return {**alarm, "started": True}


if __name__ == "__main__":
    run(main)
