"""Mode eks-oidc: through the API of an EKS cluster, as the role that AWS gave this job.

KUBEFLOW_HOST is the service's URL inside the cluster. A standalone endpoint is reached by the API's service
proxy; one with several users by a forwarded port, because the API keeps the header Authorization to itself.
"""

import base64
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engine.access.cluster_tokens import request_token
from engine.access.entrance import Entrance, Environment
from engine.access.port_forward import PortForward
from engine.access.refusals import DiagnosedError, diagnose
from engine.access.tokens import MintedToken
from engine.command_line import SettingsError

TOKEN_LIFE = 14 * 60  # seconds of the 15 minutes that EKS accepts one
SIGNED_SECONDS = 60
CLUSTER_HEADER = "x-k8s-aws-id"
PREFIX = "k8s-aws-v1."


@dataclass(frozen=True)
class EksCluster:
    name: str
    host: str
    authority: Path
    credential: MintedToken


@contextmanager
def enter(host: str, environment: Environment) -> Iterator[Entrance]:
    name, url = environment.get("EKS_CLUSTER", ""), urlsplit(host)
    service, namespace = _service(url)
    if not name:
        raise SettingsError("EKS_CLUSTER: expected the cluster's name with mode eks-oidc, found none")
    with tempfile.TemporaryDirectory() as folder:
        cluster = _cluster(name, Path(folder))
        if not environment.get("KUBEFLOW_NAMESPACE"):
            target = f"{url.scheme}:{service}:{_port(url)}"
            proxied = f"{cluster.host}/api/v1/namespaces/{namespace}/services/{target}/proxy{url.path}"
            yield Entrance(proxied, cluster.credential, str(cluster.authority))
            return
        forward = PortForward(lambda: kubeconfig(cluster), Path(folder), service, namespace, _port(url))
        api = _client(cluster)
        with forward:
            token = MintedToken(lambda: request_token(api, environment))
            yield Entrance(f"{forward.url}{url.path}", ForwardedToken(token, forward.keep_open))


class ForwardedToken:
    """A token whose requests need a port that is open: a broken one is opened again."""

    def __init__(self, token: MintedToken, keep_open: Callable[[], None]):
        self._token, self._keep_open = token, keep_open

    def headers(self) -> Mapping[str, str]:
        self._keep_open()
        return self._token.headers()

    def renew(self) -> bool:
        return self._token.renew()


def kubeconfig(cluster: EksCluster) -> dict[str, Any]:
    """What kubectl needs for the next minutes."""
    token = cluster.credential.headers()["Authorization"].removeprefix("Bearer ")
    server = {"server": cluster.host, "certificate-authority": str(cluster.authority)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "eks", "cluster": server}],
        "users": [{"name": "eks", "user": {"token": token}}],
        "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "eks"}}],
        "current-context": "eks",
    }


def eks_token(session: Any, cluster: str) -> str:
    """A token for the cluster's API: a signed question to AWS who this is, which the cluster asks."""
    from botocore.signers import RequestSigner

    sts = session.client("sts", region_name=session.region_name)
    signer = RequestSigner(
        sts.meta.service_model.service_id,
        session.region_name,
        "sts",
        "v4",
        session.get_credentials(),
        session.events,
    )
    question = {
        "method": "GET",
        "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {CLUSTER_HEADER: cluster},
        "context": {},
    }
    signed = signer.generate_presigned_url(
        question, region_name=session.region_name, expires_in=SIGNED_SECONDS, operation_name=""
    )
    return PREFIX + base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def _cluster(name: str, folder: Path) -> EksCluster:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session()
    try:
        details = session.client("eks").describe_cluster(name=name)["cluster"]
    except ClientError as error:
        raise _unreadable(name, error.response["Error"]["Code"]) from None
    except BotoCoreError as error:
        raise _unreadable(name, type(error).__name__) from None
    authority = folder / "authority.pem"
    authority.write_bytes(base64.b64decode(details["certificateAuthority"]["data"]))
    token = MintedToken(lambda: eks_token(session, name), TOKEN_LIFE)
    return EksCluster(name, details["endpoint"].rstrip("/"), authority, token)


def _unreadable(name: str, reason: str) -> DiagnosedError:
    return DiagnosedError("EKS", diagnose("eks-cluster", cluster=name, found=reason))


def _client(cluster: EksCluster) -> Any:
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration(host=cluster.host)
    configuration.ssl_ca_cert = str(cluster.authority)
    configuration.retries = False

    def renew(current: Any) -> None:
        current.api_key["authorization"] = cluster.credential.headers()["Authorization"]

    configuration.refresh_api_key_hook = renew
    renew(configuration)
    return ApiClient(configuration)


def _service(url: SplitResult) -> tuple[str, str]:
    """Name and namespace of a service by its host inside the cluster."""
    name, _, rest = (url.hostname or "").partition(".")
    namespace, _, domain = rest.partition(".")
    if domain.split(".")[0] != "svc":
        raise SettingsError(
            "KUBEFLOW_HOST: expected a service of the cluster with mode eks-oidc, such as"
            f" http://ml-pipeline.kubeflow.svc:8888, found {url.geturl()!r}"
        )
    return name, namespace


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
