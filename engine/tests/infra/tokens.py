"""Tokens of GitHub's jobs as STS sees them: those that take a role, and forged ones."""

from engine.tests.infra.iam import Context, Document, rendered

GITHUB = "token.actions.githubusercontent.com"
TAKE = "sts:AssumeRoleWithWebIdentity"
ENVIRONMENTS = rendered("environments", branch="main")
WRITING = [name for name in ENVIRONMENTS if name != "pull-request"]


def trust(environment: str) -> Document:
    """The trust policy of the role that an environment's jobs take."""
    return rendered(
        "github-trust",
        provider=f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}",
        owner="acme",
        owner_id=1,
        repository="flights",
        repository_id=2,
        environment=environment,
        refs=ENVIRONMENTS[environment]["refs"],
    )


def claims(name: str, **changed: str) -> Context:
    """What STS sees of the token of a job on main that names the environment."""
    made = {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:acme@1/flights@2:environment:{name}",
        "repository_id": "2",
        "environment": name,
        "ref": "refs/heads/main",
    } | changed
    return {f"{GITHUB}:{claim}": value for claim, value in made.items() if value}


FORGED = {
    "another repository": {"sub": "repo:acme/other:environment:production", "repository_id": "3"},
    "another repository, by the new sub": {
        "sub": "repo:acme@1/other@3:environment:production",
        "repository_id": "3",
    },
    "a fork": {"sub": "repo:mallory@9/flights@8:environment:production", "repository_id": "8"},
    "a repository that took the name": {
        "sub": "repo:acme/flights:environment:production",
        "repository_id": "8",
    },
    "an owner that took the name": {
        "sub": "repo:acme@9/flights@8:environment:production",
        "repository_id": "8",
    },
    "a pull request without an environment": {"sub": "repo:acme@1/flights@2:pull_request", "environment": ""},
    "a branch without an environment": {
        "sub": "repo:acme@1/flights@2:ref:refs/heads/main",
        "environment": "",
    },
    "a pull request that names the environment": {"ref": "refs/pull/7/merge"},
    "another branch": {"ref": "refs/heads/feature"},
    "a branch that begins like main": {"ref": "refs/heads/main-2"},
    "a tag": {"ref": "refs/tags/main"},
    "another environment": {
        "sub": "repo:acme@1/flights@2:environment:pull-request",
        "environment": "pull-request",
    },
    "another audience": {"aud": "https://github.com/acme"},
    "a token without a ref": {"ref": ""},
    "a token without a repository": {"repository_id": ""},
}


def forged(name: str, environment: str) -> Context:
    """The claims of a forged token that asks for the role of the environment."""
    changed = {claim: value.replace("production", environment) for claim, value in FORGED[name].items()}
    return claims(environment, **changed)
