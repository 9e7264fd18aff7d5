"""Print README's table of environment variables, each of which is one entry of this file."""

from dataclasses import dataclass
from typing import Literal

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


_ENTRIES = (
    Variable(
        "KUBEFLOW_HOST",
        "the endpoint: URL of a Kubeflow Pipelines API that can run the images staged here",
        "the local KFP server",
    ),
    _secret("KUBEFLOW_TOKEN", "bearer token for the endpoint", "none is sent"),
    Variable(
        "KUBEFLOW_NAMESPACE", "profile to work in, where the endpoint has several users", "single-user mode"
    ),
    Variable(
        "KUBEFLOW_PROGRESS_HOURS",
        "a run in which no task changes for so many hours is given up: its cluster has lost it",
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
    Variable("RESULTS_URI", "where a run on another machine leaves its report", "`build/`"),
    _secret("AWS_ACCESS_KEY_ID", "access key of S3", "boto3's other sources, such as a role", EVERYWHERE),
    _secret("AWS_SECRET_ACCESS_KEY", "its secret", "boto3's other sources, such as a role", EVERYWHERE),
    Variable("AWS_REGION", "region of S3", "the default of boto3", EVERYWHERE),
    Variable("AWS_ENDPOINT_URL", "URL of a store that speaks S3", "AWS", EVERYWHERE),
    Variable("AWS_ENDPOINT_URL_S3", "the same, for S3 alone", "`AWS_ENDPOINT_URL`", EVERYWHERE),
    _secret(
        "KUBECONFIG",
        "the cluster that serves, where `mlops.yaml` has `serving`: a file's path or content",
        "the pod's own account, else `~/.kube/config`",
        EVERYWHERE,
    ),
    _secret(
        "SERVING_ACCESS_KEY_ID",
        "access key with which the model server reads the model registry",
        "the keys in the cluster",
        EVERYWHERE,
    ),
    _secret("SERVING_SECRET_ACCESS_KEY", "its secret", "the keys in the cluster", EVERYWHERE),
    Variable("DOCKERHUB_USERNAME", "user of Docker Hub, to read and push images", "what `docker login` left"),
    _secret("DOCKERHUB_TOKEN", "its access token", "what `docker login` left, else anonymous access"),
    Variable(
        "GITHUB_TOKEN",
        "token for GitHub's API and ghcr.io",
        "an error where GitHub's API is needed",
        secret=True,
        expression="github.token",
    ),
    Variable(
        "UPDATE_TOKEN",
        "token that may change workflows: `update.yml` opens a pull request with it",
        "an issue says what is new",
        ("workflow",),
        secret=True,
    ),
    Variable(
        "GITHUB_REPOSITORY",
        "names the image repository `ghcr.io/<owner>/<name>`, where `mlops.yaml` names none",
        "an error where images are pushed",
    ),
    Variable("DOCKER_CONFIG", "folder of the configuration that `docker login` writes", "`~/.docker`"),
    Variable(
        "DOCKER_HOST",
        "container engine of `local_kfp --runner docker`",
        "Docker's own",
        ("laptop",),
    ),
    Variable(
        "OMP_NUM_THREADS",
        "threads of a training; another number may change the bytes of the model",
        "1; all processors for a batch of predictions",
        ("laptop", "task"),
    ),
    Variable("SSL_CERT_FILE", "certificate authority of the endpoint", "the system's", EVERYWHERE),
    Variable("REQUESTS_CA_BUNDLE", "the same, read second", "the system's", EVERYWHERE),
    Variable("NO_COLOR", "set to anything: plain lines on a terminal", "colors", ("laptop",)),
    Variable("TERM", "`dumb`: plain lines on a terminal", "colors", ("laptop",)),
    Variable("RUNS_ON", "label of the runner of all jobs", "`ubuntu-24.04`", ("workflow",)),
    Variable(
        "ACCEPT_UNPROTECTED",
        "environments of GitHub that may be deployed to without protection, separated by commas",
        "none",
        ("workflow",),
    ),
    Variable(
        "NEEDS",
        "results of a pull request's jobs, for `check_needs`",
        "an error",
        ("workflow",),
        expression="toJSON(needs)",
    ),
)
VARIABLES = {entry.name: entry for entry in _ENTRIES}


def table() -> str:
    """The variables as a table in Markdown."""
    rows = ("| variable | meaning | without it | read by | secret |", "|---|---|---|---|---|")
    return "\n".join((*rows, *map(_row, VARIABLES.values())))


def _row(entry: Variable) -> str:
    cells = (f"`{entry.name}`", entry.meaning, entry.default, ", ".join(entry.readers))
    return f"| {' | '.join(cells)} | {'yes' if entry.secret else 'no'} |"


if __name__ == "__main__":
    print(table())
