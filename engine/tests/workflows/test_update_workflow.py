"""update.yml: its scheduled runs in a copy, and never in the template."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Runner
from engine.tests.workflows.granted import granted


@pytest.mark.parametrize("named_by", ["the record", "GitHub"])
def test_a_copy_hears_of_a_newer_version(
    users: Project, on_github: Callable[..., Runner], github_api: GitHubApi, tmp_path: Path, named_by: str
) -> None:
    """The button leaves a record that names no template, and GitHub knows which one it was."""
    newer = users.copied_to(tmp_path / "template")
    (newer.root / "CHANGELOG.md").write_text("# Changelog\n\n## 99.0.0\n\nA day off.\n")
    version = f'version = "{json.loads((newer.root / ".github/template.json").read_text())["version"]}"'
    newer.edit("pyproject.toml", (version, 'version = "99.0.0"'))
    newer.commit()
    project = users.copied_to(tmp_path / "project")
    if named_by == "the record":
        record = {"template": str(newer.root), "version": "1.0.0", "commit": project.git("rev-parse", "HEAD")}
        (project.root / ".github/template.json").write_text(json.dumps(record))
        project.commit()
    else:
        github_api.about["template_repository"] = {"full_name": str(newer.root)}
    github = on_github(project)
    event = github.origin.on_main("schedule", {"schedule": "41 5 3 * *"})

    run = github.run("update.yml", event, **granted(github_api, "update/update"))

    assert run.results == {"update": "success"}, run.printed
    (issue,) = github_api.issues.values()
    assert "## 99.0.0\n\nA day off." in issue["body"]


def test_the_template_itself_is_left_alone(on_github: Callable[..., Runner]) -> None:
    github = on_github()
    event = github.origin.on_main("schedule", {"schedule": "41 5 3 * *"})
    event.payload["repository"] = event.payload["repository"] | {"is_template": True}

    run = github.run("update.yml", event)

    assert (run.status, run.results) == (0, {})
