"""The parts that a repository has once: its ruleset and its labels."""

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.github.api import GitHub, NotFound
from engine.set_up.part import Part, removed

Body = dict[str, object]


@dataclass(frozen=True)
class Ruleset(Part):
    """What the default branch takes: pull requests that passed `ci-passed`, approved if others can."""

    repository: str
    reviewed: bool

    NAME = "The gate of the default branch"

    @property
    def title(self) -> str:
        return f'ruleset "{self.NAME}"'

    @property
    def command(self) -> str:
        body = shlex.quote(json.dumps(self._body))
        return f"echo {body} | gh api --method POST repos/{self.repository}/rulesets --input -"

    @cached_property
    def _body(self) -> Body:
        reviews = {
            "required_approving_review_count": int(self.reviewed),
            "require_code_owner_review": self.reviewed,
            "dismiss_stale_reviews_on_push": self.reviewed,
            "require_last_push_approval": False,
            "required_review_thread_resolution": False,
        }
        checks = {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": "ci-passed"}],
        }
        return {
            "name": self.NAME,
            "target": "branch",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "rules": [
                {"type": "deletion"},
                {"type": "non_fast_forward"},
                {"type": "pull_request", "parameters": reviews},
                {"type": "required_status_checks", "parameters": checks},
            ],
        }

    def is_made(self, github: GitHub) -> bool:
        number = self._number(github)
        return number is not None and _includes(github.get("rulesets", number), self._body)

    def make(self, github: GitHub) -> None:
        if (number := self._number(github)) is None:
            github.post("rulesets", body=self._body)
        else:
            github.put("rulesets", number, body=self._body)

    def remove(self, github: GitHub) -> bool:
        number = self._number(github)
        return number is not None and removed(github, "rulesets", number)

    def _number(self, github: GitHub) -> int | None:
        rulesets = github.pages("rulesets", includes_parents="false")
        return next((each["id"] for each in rulesets if each["name"] == self.NAME), None)


@dataclass(frozen=True)
class Label(Part):
    repository: str
    name: str
    about: str
    color: str

    @property
    def title(self) -> str:
        return f"label {self.name}"

    @property
    def command(self) -> str:
        text = shlex.quote(self.about)
        return (
            f"gh label create {self.name} --repo {self.repository} --color {self.color} --description {text}"
        )

    def is_made(self, github: GitHub) -> bool:
        try:
            github.get("labels", self.name)
        except NotFound:
            return False
        return True

    def make(self, github: GitHub) -> None:
        github.post("labels", body={"name": self.name, "color": self.color, "description": self.about})

    def remove(self, github: GitHub) -> bool:
        return removed(github, "labels", self.name)


def _includes(actual: Any, wanted: Any) -> bool:
    """Whether `actual` says all that `wanted` says; GitHub adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            name in actual and _includes(actual[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(any(_includes(each, one) for each in actual) for one in wanted)
        )
    return bool(actual == wanted)
