"""What becomes of workflows that people dispatch: none is lost to another, and none delivers a branch."""

import re
from typing import Any

import yaml

from engine.tests.project import ROOT

WORKFLOWS = ROOT / ".github/workflows"


def workflow(name: str) -> dict[Any, Any]:
    return yaml.safe_load((WORKFLOWS / name).read_text())


def waiting(group: str, dispatched: list[dict[str, str]]) -> list[dict[str, str]]:
    """The runs that are left of those dispatched at once: GitHub cancels one that waits for a newer one."""
    left: dict[str, list[dict[str, str]]] = {}
    names = re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", group)
    for inputs in dispatched:
        own = "/".join(inputs.get(name, "") for name in names)
        running = left.setdefault(own, [])
        running[1:] = []
        running.append(inputs)
    return [inputs for runs in left.values() for inputs in runs]


def test_every_day_of_a_backfill_runs() -> None:
    inference = workflow("inference.yml")
    group = inference["concurrency"]["group"]
    days = [{"as-of": f"2013-05-0{day}"} for day in range(1, 7)]
    assert waiting(group, days) == days
    inputs = [{"as-of": "2013-05-01", "input-uri": f"s3://rows/{name}"} for name in "abc"]
    assert waiting(group, inputs) == inputs
    assert waiting(group, [{}, {}, {}]) == [{}, {}], "the clock's runs make up for each other"
    declared = inference[True]["workflow_dispatch"]["inputs"]  # YAML 1.1 reads `on` as true
    assert {*declared} == {*re.findall(r"inputs\.([\w-]+)", group)}


def test_delivery_knows_its_branch_before_it_has_credentials() -> None:
    steps = [step["name"] for step in workflow("delivery.yml")["jobs"]["plan"]["steps"]]
    assert steps.index("Require the default branch") < steps.index("Assume the AWS role")
