"""Ask what a copy's repository should have: eight questions at most, each with a default."""

import re
from collections.abc import Callable

import yaml

from engine.set_up.declaration import Declaration, parse
from engine.set_up.environments import EnvironmentName, stored

Ask = Callable[[str, str], str]
"""A question and its default, to the answer."""


def answered(repository: str, ask: Ask) -> Declaration:
    """The declaration that the answers make; `repository` is <owner>/<name>."""
    owner = repository.split("/")[0]
    owners = names(ask("Who approves changes of what judges? (@user or @organization/team)", f"@{owner}"))
    reviewers = names(ask("Who approves deployments to production? (empty: no approval)", ""))
    images = ask("Where are images pushed to?", f"ghcr.io/{repository}".lower())
    host = ask("URL of the Kubeflow Pipelines API? (empty: no cluster)", "")
    namespace = host and ask("Namespace of the pipelines? (empty: a single-user endpoint)", "")
    store = ask("Store of models and predictions, as s3://bucket/project? (empty: none)", "").rstrip("/")
    region = store and ask("Region of the store?", "")
    role = store and ask("AWS role that workflows take, by its ARN? (empty: access keys)", "")
    common = {
        "KUBEFLOW_HOST": host,
        "KUBEFLOW_NAMESPACE": namespace,
        "AWS_REGION": region,
        "AWS_ROLE_ARN": role,
    }
    used: list[EnvironmentName] = ["schedules"] if store else []
    if host:
        used = ["pull-request", "staging", "production", "schedules"]
    environments: dict[EnvironmentName, dict[str, str]] = {
        name: {key: value for key, value in common.items() if value} | (stored(store, name) if store else {})
        for name in used
    }
    if images.startswith("docker.io/"):
        environments["images"] = {"DOCKERHUB_USERNAME": images.split("/")[1]}
    answers: dict[str, object] = {"owners": owners, "reviewers": reviewers, "environments": environments}
    if images != f"ghcr.io/{repository}".lower():
        answers["images"] = images
    return parse(yaml.safe_dump(answers), "the answers")


def names(answer: str) -> list[str]:
    """`@ann, you/ml` as a list, each with its @."""
    return [f"@{name.removeprefix('@')}" for name in re.split(r"[\s,]+", answer) if name]
