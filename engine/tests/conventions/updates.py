"""What keeps updates of copies free of conflicts: one version, and bumps of the user's files only."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

from engine.tests.conventions.rules import breach, found, rule

RECORD, CHANGELOG, DEPENDABOT = ".github/template.json", "CHANGELOG.md", ".github/dependabot.yml"
OUR_NAME = "kubeflow-ci-cd-ct-template"  # a copy that renamed the project has a version of its own


@rule(
    breach(f"{RECORD}:1", '{"version": "1.0.0"}', {CHANGELOG: "# C\n\n## 1.1.0\n\n## 1.0.0\n"}),
    breach(
        "pyproject.toml:1",
        f'[project]\nname = "{OUR_NAME}"\nversion = "1.1.0"\n',
        {CHANGELOG: "## 1.0.0\n", RECORD: '{"version": "1.0.0"}'},
    ),
)
def the_version_is_the_same_everywhere(root: Path) -> Iterator[str]:
    for _, path in found(root, CHANGELOG):
        newest = re.search(r"(?m)^## (\S+)", path.read_text())[1]
        recorded = json.loads((root / RECORD).read_text())["version"]
        if recorded != newest:
            yield f"{RECORD}:1: expected version {newest} as in {CHANGELOG}, found {recorded}"
        for name, project in found(root, "pyproject.toml"):
            about = tomllib.loads(project.read_text())["project"]
            if about["name"] == OUR_NAME and about["version"] != newest:
                yield f"{name}:1: expected version {newest} as in {CHANGELOG}, found {about['version']}"


@rule(
    breach(f"{DEPENDABOT}:1", "updates: [{package-ecosystem: github-actions, directories: [/]}]\n"),
    breach(f"{DEPENDABOT}:1", "updates: [{package-ecosystem: pip, directories: [/, '/components/*']}]\n"),
)
def dependabot_bumps_what_is_the_users(root: Path) -> Iterator[str]:
    """In a copy, a bump of our files would conflict with ours in the next update."""
    for name, path in found(root, DEPENDABOT):
        for update in yaml.safe_load(path.read_text())["updates"]:
            for directory in update["directories"]:
                if not directory.startswith("/components/"):
                    yield f"{name}:1: expected directories below /components/, found {directory}"
