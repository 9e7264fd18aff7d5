"""Read and write .github/set-up.yaml: what a copy's repository on GitHub should have."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from engine.environment import VARIABLES
from engine.set_up.environments import EnvironmentName
from engine.settings.located_yaml import LocatedYaml
from engine.settings.settings import validated
from engine.settings.settings_types import Omittable, Repository, Section, matches

FILE = Path(".github/set-up.yaml")
HEAD = "# What make set-up declares on GitHub. Secrets are never written here.\n"
PLAIN = [entry.name for entry in VARIABLES.values() if not entry.secret]
Login = Annotated[str, matches(r"@[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?", "@<user> or @<organization>/<team>")]
VariableName = Annotated[str, matches("|".join(PLAIN), "a variable of docs/settings.md that is no secret")]
Text = Annotated[str, matches(r"\S(.*\S)?", "one line of text")]


class Declaration(Section):
    owners: list[Login]
    """Who approves changes of what judges: CODEOWNERS."""
    reviewers: list[Login] = Field(default=[])
    """Who approves a deployment to production; with none, one maintainer works alone."""
    images: Omittable[Repository] = None
    """Where images are pushed to; without it, to ghcr.io."""
    environments: dict[EnvironmentName, dict[VariableName, Text]] = Field(default={})
    """The variables of each environment of GitHub's."""


def parse(content: str | bytes, name: str) -> Declaration:
    return validated(LocatedYaml(content, name), Declaration)


def written(declaration: Declaration) -> str:
    """The file's text, from which `parse` makes the same declaration."""
    document = declaration.model_dump(exclude_defaults=True)
    return HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
