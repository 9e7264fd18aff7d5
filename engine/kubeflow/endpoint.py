"""The endpoint: KUBEFLOW_HOST if it is set, else a local KFP server for as long as it is needed."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import ProxyHandler, build_opener, getproxies, proxy_bypass

from engine.access.entrance import Entrance
from engine.access.given_token import checked_token
from engine.access.modes import entered
from engine.access.refusals import DiagnosedSettingsError, diagnose
from engine.access.tokens import NoCredential
from engine.command_line import SettingsError
from engine.http import retry
from engine.kubeflow.versions import check_supported

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client
    from engine.settings.settings_schema import Settings

LOCAL_KFP = "local_kfp"
"""What a local KFP server says in place of the commit that it is built from."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
IN_CLUSTER = (".svc", ".svc.cluster.local")


@contextmanager
def connect(root: Path, runner: str = "subprocess") -> Iterator["Client"]:
    """A client of the endpoint that the environment names.

    KUBEFLOW_HOST is the URL of Kubeflow Pipelines, KUBEFLOW_AUTH how requests authenticate there,
    KUBEFLOW_NAMESPACE the profile to work in; proxy and certificate authority come from the variables that
    other programs read.
    """
    if host := os.environ.get("KUBEFLOW_HOST"):
        check_url(host)
        with entered(host, os.environ) as entrance:
            client = open_entrance(entrance, os.environ.get("KUBEFLOW_NAMESPACE", ""))
            client.service_account = _service_account(root)
            yield client
        return
    from engine.kubeflow.local_server import local_kfp

    # The server and kfp's import take their time side by side.
    Thread(target=import_module, args=["engine.kubeflow.kfp_client"]).start()
    with local_kfp(root / ".mlops/kfp", root / ".mlops/images", runner, _time_zone(root)) as url:
        yield open_client(url)


def _time_zone(root: Path) -> str:
    """The zone of the project's schedules."""
    settings = _settings(root)
    return settings.schedules.time_zone if settings else "UTC"


def _service_account(root: Path) -> str | None:
    settings = _settings(root)
    return settings.store.service_account if settings and settings.store else None


def _settings(root: Path) -> "Settings | None":
    from engine.settings.settings import load

    path = root / "mlops.yaml"
    return load(path) if path.is_file() else None


def remote_host() -> str | None:
    """KUBEFLOW_HOST, unless a local KFP server is there: paths and images of this machine mean nothing there.

    A port of this machine may lead to a cluster (`kubectl port-forward`), so the server is asked what it is.
    """
    host = os.environ.get("KUBEFLOW_HOST", "").rstrip("/")
    if not host or (urlsplit(host).hostname in LOOPBACK and _runs_here(host)):
        return None
    return host


@cache
def _runs_here(host: str) -> bool:
    """Whether a local KFP server answers there, or no server of KFP does, which is said when it is used."""
    try:
        with build_opener(ProxyHandler({})).open(f"{host}/apis/v2beta1/healthz", timeout=10) as answer:
            return bool(json.load(answer)["commit_sha"] == LOCAL_KFP)
    except HTTPError as error:
        return error.code not in (401, 403)
    except (ValueError, LookupError, TypeError):
        return False
    except OSError:
        return True


def open_client(
    host: str, token: str = "", namespace: str = "", waits: Sequence[float] | None = None
) -> "Client":
    """A client of `host`, which has answered; `waits` are the seconds before each further attempt."""
    check_url(host)
    credential = checked_token(token) if token else NoCredential()
    return open_entrance(Entrance(host.rstrip("/"), credential), namespace, waits)


def open_entrance(entrance: Entrance, namespace: str = "", waits: Sequence[float] | None = None) -> "Client":
    """A client of the endpoint behind `entrance`, which has answered."""
    client = make_client(entrance, namespace, waits)
    health = client.healthz()
    client.version = health.get("tag_name")
    check_supported(entrance.host, client.version)
    if health.get("multi_user") and not namespace:
        raise DiagnosedSettingsError(entrance.host, diagnose("no-namespace", host=entrance.host))
    return client


def make_client(entrance: Entrance, namespace: str = "", waits: Sequence[float] | None = None) -> "Client":
    """A client of the endpoint behind `entrance`, which is not asked yet."""
    url = urlsplit(entrance.host)
    _expect_private(url, entrance)
    from engine.kubeflow import kfp_client

    direct = url.hostname in LOOPBACK or proxy_bypass(url.netloc)
    proxy = None if direct else getproxies().get(url.scheme)
    configuration = kfp_client.configure(entrance.host, proxy, entrance.authority or _authority())
    return kfp_client.Client(configuration, namespace, waits or retry.WAITS, entrance.credential)


def check_url(host: str) -> None:
    url = urlsplit(host)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise DiagnosedSettingsError("KUBEFLOW_HOST", diagnose("url", host=host))


def _authority() -> str | None:
    """The file of certificates that other programs trust, too."""
    path = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if path and not Path(path).is_file():
        raise DiagnosedSettingsError("SSL_CERT_FILE", diagnose("authority-file", path=path))
    return path


def _expect_private(url: SplitResult, entrance: Entrance) -> None:
    host = url.hostname or ""
    is_private = host in LOOPBACK or host.endswith(IN_CLUSTER)
    if url.scheme == "http" and not is_private and not isinstance(entrance.credential, NoCredential):
        raise SettingsError(f"KUBEFLOW_HOST: expected https:// to send a token to, found {url.geturl()!r}")
