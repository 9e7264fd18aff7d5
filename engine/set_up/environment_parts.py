"""The parts of a deployment environment: the environment itself, its variables and its secrets."""

import shlex
from base64 import b64decode, b64encode
from dataclasses import dataclass

from engine.github.api import GitHub, NotFound
from engine.set_up.part import Part, removed

Body = dict[str, object]


@dataclass(frozen=True)
class DeploymentEnvironment(Part):
    """An environment whose jobs run on one branch, or on all; people may have to approve them first."""

    repository: str
    name: str
    branch: str | None
    reviewers: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"environment {self.name}"

    @property
    def command(self) -> str:
        path = f"repos/{self.repository}/environments/{self.name}"
        fields = []
        if self.branch:
            policy = "deployment_branch_policy"
            fields += [f"'{policy}[protected_branches]=false'", f"'{policy}[custom_branch_policies]=true'"]
        for login in self.reviewers:
            kind, place = _place_of(login)
            fields += [
                f"'reviewers[][type]={kind}'",
                f'"reviewers[][id]=$(gh api {"/".join(place)} --jq .id)"',
            ]
        commands = [" -F ".join([f"gh api --method PUT {path}", *fields])]
        if self.branch:
            commands.append(f"gh api --method POST {path}/deployment-branch-policies -f name={self.branch}")
        return "\n".join(commands)

    @property
    def _policy(self) -> Body:
        chosen = {"protected_branches": False, "custom_branch_policies": True}
        return {"deployment_branch_policy": chosen if self.branch else None}

    def is_made(self, github: GitHub) -> bool:
        try:
            environment = github.get("environments", self.name)
        except NotFound:
            return False
        rules = environment.get("protection_rules") or []
        approve = {
            each["reviewer"]["id"]
            for rule in rules
            if rule["type"] == "required_reviewers"
            for each in rule["reviewers"]
        }
        if environment.get("deployment_branch_policy") != self._policy["deployment_branch_policy"]:
            return False
        wanted = {each["id"] for each in self._reviewers(github)}
        return approve == wanted and (not self.branch or self.branch in self._branches(github))

    def make(self, github: GitHub) -> None:
        body = self._policy | {"reviewers": self._reviewers(github) or None}
        github.put("environments", self.name, body=body)
        if self.branch and self.branch not in self._branches(github):
            policies = ("environments", self.name, "deployment-branch-policies")
            github.post(*policies, body={"name": self.branch, "type": "branch"})

    def remove(self, github: GitHub) -> bool:
        return removed(github, "environments", self.name)

    def _branches(self, github: GitHub) -> set[str]:
        policies = github.pages(
            "environments", self.name, "deployment-branch-policies", inside="branch_policies"
        )
        return {each["name"] for each in policies}

    def _reviewers(self, github: GitHub) -> list[Body]:
        places = map(_place_of, self.reviewers)
        return [{"type": kind, "id": github.outside.get(*place)["id"]} for kind, place in places]


@dataclass(frozen=True)
class EnvironmentVariable(Part):
    repository: str
    environment: str
    name: str
    value: str

    @property
    def title(self) -> str:
        return f"variable {self.name} of {self.environment}"

    @property
    def command(self) -> str:
        value = shlex.quote(self.value)
        return f"gh variable set {self.name} --repo {self.repository} --env {self.environment} --body {value}"

    def is_made(self, github: GitHub) -> bool:
        try:
            stored: str = github.get("environments", self.environment, "variables", self.name)["value"]
        except NotFound:
            return False
        return stored == self.value

    def make(self, github: GitHub) -> None:
        path, body = ("environments", self.environment, "variables"), {"name": self.name, "value": self.value}
        try:
            github.patch(*path, self.name, body=body)
        except NotFound:
            github.post(*path, body=body)

    def remove(self, github: GitHub) -> bool:
        return removed(github, "environments", self.environment, "variables", self.name)


@dataclass(frozen=True)
class EnvironmentSecret(Part):
    """A secret, whose value GitHub never gives back: one that is there is left as it is."""

    repository: str
    environment: str
    name: str
    value: str
    """Empty if this run does not know it."""

    @property
    def title(self) -> str:
        return f"secret {self.name} of {self.environment}"

    @property
    def command(self) -> str:
        return f"gh secret set {self.name} --repo {self.repository} --env {self.environment}"

    def is_made(self, github: GitHub) -> bool:
        try:
            github.get("environments", self.environment, "secrets", self.name)
        except NotFound:
            return False
        return True

    def make(self, github: GitHub) -> None:
        from nacl.public import PublicKey, SealedBox

        path = ("environments", self.environment, "secrets")
        key = github.get(*path, "public-key")
        sealed = SealedBox(PublicKey(b64decode(key["key"]))).encrypt(self.value.encode())
        body = {"encrypted_value": b64encode(sealed).decode(), "key_id": key["key_id"]}
        github.put(*path, self.name, body=body)

    def remove(self, github: GitHub) -> bool:
        return removed(github, "environments", self.environment, "secrets", self.name)


def _place_of(login: str) -> tuple[str, tuple[str, ...]]:
    """Kind of `@user` or `@organization/team`, and its path in the API."""
    organization, _, team = login.removeprefix("@").partition("/")
    return ("Team", ("orgs", organization, "teams", team)) if team else ("User", ("users", organization))
