"""Print the table of the ways to authenticate at an endpoint, one of which KUBEFLOW_AUTH chooses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from engine.access.entrance import Entrance, Environment
from engine.command_line import SettingsError, nearest, parser


@dataclass(frozen=True)
class Mode:
    """`module` opens the way, `variables` are what it reads."""

    name: str
    use: str
    credentials: str
    module: str
    variables: tuple[str, ...] = ()


_MODES = (
    Mode(
        "none", "a standalone endpoint that nothing outside reaches", "none", "engine.access.no_credentials"
    ),
    Mode(
        "github-oidc",
        "a public endpoint and workflows on GitHub: no stored secret",
        "GitHub's token of the job, minted again every 4 minutes",
        "engine.access.github_oidc",
        ("KUBEFLOW_AUDIENCE",),
    ),
    Mode(
        "eks-oidc",
        "an endpoint inside EKS without a public address: no stored secret",
        "the role's access to the cluster, then a service account's token",
        "engine.access.eks_oidc",
        ("EKS_CLUSTER", "KUBEFLOW_NAMESPACE", "KUBEFLOW_SERVICE_ACCOUNT", "KUBEFLOW_AUDIENCE"),
    ),
    Mode(
        "token",
        "a token that something else keeps valid",
        "the stored bearer token",
        "engine.access.given_token",
        ("KUBEFLOW_TOKEN",),
    ),
    Mode(
        "service-account",
        "programs in the cluster, or with a kubeconfig",
        "a service account's token (TokenRequest), minted again before it expires",
        "engine.access.service_account",
        ("KUBECONFIG", "KUBEFLOW_NAMESPACE", "KUBEFLOW_SERVICE_ACCOUNT", "KUBEFLOW_AUDIENCE"),
    ),
    Mode(
        "dex",
        "Kubeflow 1.7 or newer, if nothing else is possible",
        "the session of a static user, logged in again before it ends",
        "engine.access.dex",
        ("KUBEFLOW_USERNAME", "KUBEFLOW_PASSWORD"),
    ),
)
MODES = {mode.name: mode for mode in _MODES}


def mode_of(environment: Environment) -> Mode:
    """The mode of KUBEFLOW_AUTH; without it, `token` if there is one, else `none`."""
    name = environment.get("KUBEFLOW_AUTH") or ("token" if environment.get("KUBEFLOW_TOKEN") else "none")
    if name not in MODES:
        hint = nearest(name, MODES)
        raise SettingsError(f"KUBEFLOW_AUTH: expected {', '.join(MODES)}, found {name!r}{hint}")
    return MODES[name]


@contextmanager
def entered(host: str, environment: Environment) -> Iterator[Entrance]:
    """The way into the endpoint at `host`, as KUBEFLOW_AUTH chooses it."""
    with import_module(mode_of(environment).module).enter(host.rstrip("/"), environment) as entrance:
        yield entrance


def table() -> str:
    rows = ("| `KUBEFLOW_AUTH` | for | credentials | reads |", "|---|---|---|---|")
    return "\n".join((*rows, *map(_row, _MODES)))


def _row(mode: Mode) -> str:
    variables = ", ".join(f"`{name}`" for name in mode.variables) or "nothing"
    return f"| `{mode.name}` | {mode.use} | {mode.credentials} | {variables} |"


if __name__ == "__main__":
    parser(__doc__).parse_args()
    print(table())
