"""Print the table of environment variables in docs/settings.md, each of which is one entry of this file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from engine.command_line import parser

Reader = Literal["laptop", "workflow", "task"]
EVERYWHERE: tuple[Reader, ...] = ("laptop", "workflow", "task")
SCRIPTS: tuple[Reader, ...] = ("laptop", "workflow")


@dataclass(frozen=True)
class Variable:
    """What a variable means, what happens without it, and where it is read.

    A task is a step of a pipeline, on a cluster or on this machine. `expression` is what workflows set the
    variable to where that is neither a variable nor a secret of the repository.
    """

    name: str
    meaning: str
    default: str
    readers: tuple[Reader, ...] = SCRIPTS
    secret: bool = False
    expression: str = ""


def _secret(name: str, meaning: str, default: str, readers: tuple[Reader, ...] = SCRIPTS) -> Variable:
    return Variable(name, meaning, default, readers, secret=True)


def _aws_key(name: str, meaning: str, default: str) -> Variable:
    """In a workflow: of the role that the job took, else the repository's secret."""
    output = name.lower().replace("_", "-")
    expression = f"steps.role.outputs.{output} || secrets.{name}"
    return Variable(name, meaning, default, EVERYWHERE, secret=True, expression=expression)


_ENTRIES = (
    Variable(
        "KUBEFLOW_HOST",
        "the endpoint: URL of a Kubeflow Pipelines API that can run the images staged here",
        "the local KFP server",
    ),
    Variable(
        "KUBEFLOW_AUTH",
        "how requests authenticate at the endpoint: a mode of [access](doctor.md)",
        "`token` if `KUBEFLOW_TOKEN` is set, else `none`",
    ),
    _secret("KUBEFLOW_TOKEN", "bearer token for the endpoint", "none is sent"),
    Variable("KUBEFLOW_NAMESPACE", "profile of a multi-user endpoint", "single-user mode"),
    Variable(
        "KUBEFLOW_AUDIENCE", "audience of the tokens that are minted for it", "`pipelines.kubeflow.org`"
    ),
    Variable("KUBEFLOW_SERVICE_ACCOUNT", "service account whose tokens are requested", "`github-actions`"),
    Variable("KUBEFLOW_USERNAME", "static user of Dex", "an error with mode `dex`"),
    _secret("KUBEFLOW_PASSWORD", "its password", "an error with mode `dex`"),
    Variable("EKS_CLUSTER", "name of the EKS cluster that has the endpoint", "an error with mode `eks-oidc`"),
    Variable(
        "KUBEFLOW_PROGRESS_HOURS",
        "a run without a change of any task for this many hours counts as lost",
        "24",
        ("laptop",),
    ),
    Variable(
        "MODEL_REGISTRY_URI",
        "`s3://bucket/prefix` or `file:///folder` of versions, champion and ledger",
        "`.mlops/models`",
        EVERYWHERE,
    ),
    Variable(
        "PREDICTIONS_URI",
        "`s3://bucket/prefix` or `file:///folder` of the champion's predictions",
        "`.mlops/predictions`",
    ),
    Variable("RESULTS_URI", "where a run on another machine writes its report", "`build/`"),
    Variable(
        "AWS_ROLE_ARN",
        "role that a workflow takes by OIDC, in place of keys",
        "the keys below",
        ("workflow",),
    ),
    _aws_key("AWS_ACCESS_KEY_ID", "access key of S3", "another source of boto3, such as a role"),
    _aws_key("AWS_SECRET_ACCESS_KEY", "its secret", "another source of boto3, such as a role"),
    _aws_key("AWS_SESSION_TOKEN", "token of temporary keys", "none is sent: the keys are permanent"),
    Variable("AWS_REGION", "region of S3", "`AWS_DEFAULT_REGION`, else the profile's", EVERYWHERE),
    Variable("AWS_ENDPOINT_URL", "URL of an S3-compatible store", "AWS", EVERYWHERE),
    Variable("AWS_ENDPOINT_URL_S3", "the same, for S3 only", "`AWS_ENDPOINT_URL`", EVERYWHERE),
    _secret(
        "KUBECONFIG",
        "the serving cluster, if `mlops.yaml` has `serving`: path or content of a file",
        "the pod's own account, else `~/.kube/config`",
        EVERYWHERE,
    ),
    _secret(
        "SERVING_ACCESS_KEY_ID",
        "the model server's access key for the model registry",
        "the keys in the cluster",
        EVERYWHERE,
    ),
    _secret("SERVING_SECRET_ACCESS_KEY", "its secret", "the keys in the cluster", EVERYWHERE),
    Variable(
        "DOCKERHUB_USERNAME",
        "user of Docker Hub, to pull and push images",
        "the credentials saved by `docker login`",
    ),
    _secret(
        "DOCKERHUB_TOKEN",
        "its access token",
        "the credentials saved by `docker login`, else anonymous access",
    ),
    Variable(
        "DOCKERHUB_OIDC_CONNECTIONID",
        "OIDC connection of a Docker Hub organization, in place of the token",
        "`DOCKERHUB_TOKEN`",
        ("workflow",),
    ),
    Variable(
        "IMAGE_REGISTRY",
        "host of another image registry, such as Quay, GAR, ACR or ECR",
        "the credentials saved by `docker login`",
    ),
    Variable("IMAGE_REGISTRY_USERNAME", "its user", "ECR takes the AWS keys, GHES `GITHUB_TOKEN`"),
    _secret("IMAGE_REGISTRY_PASSWORD", "its password or token", "as for the user"),
    Variable(
        "GITHUB_TOKEN",
        "token for GitHub's API and ghcr.io",
        "an error if GitHub's API is needed",
        secret=True,
        expression="github.token",
    ),
    Variable(
        "SETUP_TOKEN",
        "token of an administrator, for `setup.yml`",
        "GitHub's own, which may make labels and an issue alone",
        ("workflow",),
        secret=True,
    ),
    Variable(
        "UPDATE_TOKEN",
        "token that may change workflows, for the pull requests of `update.yml`",
        "`update.yml` opens an issue instead",
        ("workflow",),
        secret=True,
    ),
    Variable(
        "NOTIFY_URL",
        "[where messages go](operating.md#messages): URLs of Apprise, one a line",
        "no message is sent",
        ("workflow",),
        secret=True,
    ),
    Variable(
        "GITHUB_REPOSITORY",
        "repository whose `ghcr.io/<owner>/<name>` has the images, unless `mlops.yaml` names another",
        "an error if images are pushed",
    ),
    Variable("DOCKER_CONFIG", "folder of Docker's configuration, with the saved credentials", "`~/.docker`"),
    Variable(
        "DOCKER_HOST",
        "container engine of `local_kfp --runner docker`",
        "Docker's own",
        ("laptop",),
    ),
    Variable(
        "OMP_NUM_THREADS",
        "training threads; another number may change the model's bytes",
        "1; all processors for a batch of predictions",
        ("laptop", "task"),
    ),
    Variable(
        "SSL_CERT_FILE",
        "certificate authority of the endpoint, registries and S3",
        "the system's",
        EVERYWHERE,
    ),
    Variable("REQUESTS_CA_BUNDLE", "the same, if `SSL_CERT_FILE` is not set", "the system's", EVERYWHERE),
    Variable("NO_COLOR", "set to anything: plain lines on a terminal", "colors", ("laptop",)),
    Variable("TERM", "`dumb`: plain lines on a terminal", "colors", ("laptop",)),
    Variable(
        "ATTEST",
        "`true`: images are attested in a private repository too, which takes Enterprise Cloud",
        "public repositories of github.com alone",
        ("workflow",),
    ),
    Variable("RUNS_ON", "runner label of all jobs", "`ubuntu-24.04`", ("workflow",)),
    Variable(
        "ACCEPT_UNPROTECTED",
        "GitHub environments that may be deployed to without protection, comma-separated",
        "none",
        ("workflow",),
    ),
    Variable(
        "TEST_ON_CLUSTER",
        "`true`: `cluster.yml` tests the template on Kubeflow every week",
        "only by hand",
        ("workflow",),
    ),
    Variable(
        "REPOSITORY_VARIABLES",
        "all variables of GitHub as JSON, in which `check_settings` looks for misspelt names",
        "only the environment is examined",
        ("workflow",),
        expression="toJSON(vars)",
    ),
    Variable(
        "NEEDS",
        "results of a pull request's jobs, read by `check_needs`",
        "an error",
        ("workflow",),
        expression="toJSON(needs)",
    ),
)
VARIABLES = {entry.name: entry for entry in _ENTRIES}
_OF_OTHERS = re.compile(r"(GITHUB|RUNNER|ACTIONS)_\w+|AWS_ENDPOINT_URL_\w+")
_SIMILARITY = 0.86
"""From 0 to 1. One letter more, less or swapped is above it, and variables of other programs are below."""


def misspelt(names: Iterable[str]) -> dict[str, str]:
    """By name: the variable whose name is almost the same, and which probably has no value because of it."""
    unknown = [name for name in sorted({*names} - {*VARIABLES}) if not _OF_OTHERS.fullmatch(name)]
    alike = {name: _entries_like(name) for name in unknown}
    return {name: entries[0] for name, entries in alike.items() if entries}


def _entries_like(name: str) -> list[str]:
    alike = [entry for entry in VARIABLES if entry[0] == name.upper()[:1]]
    return get_close_matches(name.upper(), alike, 1, _SIMILARITY)


def table() -> str:
    """The variables as a table in Markdown."""
    rows = ("| variable | meaning | default | read by | secret |", "|---|---|---|---|---|")
    return "\n".join((*rows, *map(_row, VARIABLES.values())))


def _row(entry: Variable) -> str:
    cells = (f"`{entry.name}`", entry.meaning, entry.default, ", ".join(entry.readers))
    return f"| {' | '.join(cells)} | {'yes' if entry.secret else 'no'} |"


if __name__ == "__main__":
    parser(__doc__).parse_args()
    print(table())
