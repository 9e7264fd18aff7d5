"""Tests of scripts/ci/require_default_branch.py: GitHub dispatches a workflow on any branch."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.scripts.steps import Call


@pytest.mark.parametrize("default", ["main", "master"])
def test_a_dispatch_on_another_branch_is_refused(
    call: Callable[..., Call], tmp_path: Path, default: str
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": default}}))

    def dispatched(ref: str, name: str = "workflow_dispatch") -> Call:
        variables = {"GITHUB_EVENT_PATH": str(event), "GITHUB_EVENT_NAME": name, "GITHUB_REF": ref}
        return call(tmp_path, "require_default_branch", **variables)

    assert (dispatched(f"refs/heads/{default}").status, dispatched(f"refs/tags/{default}").status) == (0, 2)
    refused = dispatched("refs/heads/a-change")
    assert refused.status == 2
    assert f"refs/heads/a-change: expected the default branch {default}" in refused.error
    assert refused.error.count("\n") == 1
    assert dispatched("refs/heads/main", "push").status == 0, "a push starts it on main, whatever the default"
