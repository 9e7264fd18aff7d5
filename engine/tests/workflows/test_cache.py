"""cache.yml: what main keeps is what a pull request's checks look for."""

from collections.abc import Callable

import yaml

from engine.tests.project import ROOT
from engine.tests.workflows.act import Runner


def prepared(steps: list[dict]) -> list[dict]:
    """What steps put in place: their names, and how much history they read, leave it as it is."""
    return [
        {
            **{key: value for key, value in step.items() if key != "name"},
            "with": {key: value for key, value in step["with"].items() if key != "fetch-depth"},
        }
        for step in steps
    ]


def test_main_keeps_what_checks_look_for(on_github: Callable[..., Runner]) -> None:
    cache, checks = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"]
        for name in ("cache", "run-tests")
    )
    kept = prepared(cache["cache"]["steps"])
    for job in ("tests", "every-suite"):
        assert prepared(checks[job]["steps"][: len(kept)]) == kept
    github = on_github()

    run = github.run("cache.yml", github.origin.push())

    assert run.results == {"cache": "success"}, run.printed
    (asked,) = run.used("actions/cache")
    assert [path.rpartition("/")[2] for path in asked["path"].split()] == [".venv", "pre-commit"]
