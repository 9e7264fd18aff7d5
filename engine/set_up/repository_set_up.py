"""Make a repository what its declaration says, part by part, and list what is left to a person."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.command_line import SettingsError
from engine.github.api import GitHub, Refused
from engine.set_up.declaration import Declaration
from engine.set_up.environment_parts import DeploymentEnvironment, EnvironmentSecret, EnvironmentVariable
from engine.set_up.environments import KINDS, secrets_of
from engine.set_up.part import Part
from engine.set_up.repository_parts import Label, Ruleset

LABELS = {
    "failed-workflow": ("A scheduled workflow fails", "b60205"),
    "template-update": ("A newer version of the template is there", "0e8a16"),
    "set-up": ("What the set-up leaves to a person", "1d76db"),
}


@dataclass(frozen=True)
class Left:
    """A part that was not made, and why."""

    part: Part
    reason: str


def parts_of(
    declaration: Declaration, repository: str, branch: str, secrets: Mapping[str, str]
) -> Iterator[Part]:
    """Every part, in the order to make them. `secrets` has values as PULL_REQUEST_KUBEFLOW_TOKEN."""
    for kind in KINDS:
        if (variables := declaration.environments.get(kind.name)) is None:
            continue
        reviewers = tuple(declaration.reviewers) if kind.reviewed else ()
        yield DeploymentEnvironment(repository, kind.name, branch if kind.on_main else None, reviewers)
        for name, value in variables.items():
            yield EnvironmentVariable(repository, kind.name, name, value)
        for name in (*kind.secrets, *secrets_of(variables)):
            value = secrets.get(variable_of(kind.name, name), "")
            yield EnvironmentSecret(repository, kind.name, name, value)
    for label, (description, color) in LABELS.items():
        yield Label(repository, label, description, color)
    yield Ruleset(repository, reviewed=bool(declaration.reviewers))


def variable_of(environment: str, secret: str) -> str:
    """The variable of the shell that has an environment's secret."""
    return f"{environment.upper().replace('-', '_')}_{secret}"


def make(github: GitHub, parts: list[Part], dry_run: bool, say: Callable[[str], None]) -> list[Left]:
    """Make what is not there; what is left is refused by GitHub, or a secret without a value."""
    left = []
    for part in parts:
        try:
            word = "there" if part.is_made(github) else _made(github, part, dry_run)
        except Refused as refused:
            word = "left"
            left.append(Left(part, str(refused)))
        if word == "unknown":
            word = "left"
            secret = variable_of(part.environment, part.name) if isinstance(part, EnvironmentSecret) else ""
            left.append(Left(part, f"expected its value in the variable {secret}, found nothing"))
        say(f"{word:<10} {part.title}")
    return left


def _made(github: GitHub, part: Part, dry_run: bool) -> str:
    if isinstance(part, EnvironmentSecret) and not part.value:
        return "unknown"
    if dry_run:
        return "would make"
    part.make(github)
    return "made"


def remove(github: GitHub, parts: list[Part], dry_run: bool, say: Callable[[str], None]) -> None:
    """Remove the parts, the last one first; an environment takes its variables and secrets along."""
    for part in reversed(parts):
        if isinstance(part, EnvironmentVariable | EnvironmentSecret):
            continue
        if dry_run:
            say(f"would remove {part.title}")
        else:
            say(f"{'removed' if part.remove(github) else 'not there':<10} {part.title}")


def expect_copy(github: GitHub) -> str:
    """The default branch of the repository, which must be a copy of the template."""
    details = github.get()
    if details.get("is_template"):
        raise SettingsError(
            f"{github.repository}: expected a copy of the template, found the template itself"
        )
    branch: str = details["default_branch"]
    return branch
