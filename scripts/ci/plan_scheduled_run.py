"""Plan a scheduled or manual run: run the pipeline, watch the endpoint's recurring run, or do nothing."""

import argparse
import os
from pathlib import Path

from engine.command_line import parser, run
from engine.github.step import add_notice, add_summary, not_set, set_outputs

GUIDE = "docs/operating.md"


def main() -> None:
    arguments = _parser().parse_args()

    from engine.settings.settings import load

    runs = load(Path.cwd() / "mlops.yaml").schedules.runs.values()
    is_declared = any(each.enabled and each.pipeline == arguments.pipeline for each in runs)
    work, why = planned(arguments.pipeline, is_declared)
    line = f"{arguments.pipeline}: {why}"
    if work == "none":
        add_notice(line)
    else:
        print(line)
    add_summary(f"{line}\n")
    set_outputs(work=work, endpoint=str(bool(os.environ.get("KUBEFLOW_HOST"))).lower())


def planned(pipeline: str, is_declared: bool) -> tuple[str, str]:
    """What to do, and why; there is one clock."""
    needed = ["MODEL_REGISTRY_URI", *(["PREDICTIONS_URI"] if pipeline == "inference" else [])]
    by_clock, endpoint = os.environ.get("GITHUB_EVENT_NAME") == "schedule", os.environ.get("KUBEFLOW_HOST")
    if missing := [name for name in needed if not os.environ.get(name)]:
        what = "no model registry" if missing[0] == needed[0] else "nowhere to keep predictions"
        return "none", f"skipped: {what}: {not_set(missing)}; see {GUIDE}"
    if by_clock and not is_declared:
        return "none", "skipped: mlops.yaml declares no run of it that is enabled"
    if by_clock and endpoint:
        return "watch", "the endpoint's recurring runs are the clock: only watched"
    return "run", f"runs on {'the endpoint' if endpoint else 'this runner'}"


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("pipeline", choices=("training", "monitoring", "inference"))
    return options


if __name__ == "__main__":
    run(main)
