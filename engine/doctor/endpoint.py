"""Checks of the endpoint: the way in, who asks, the version, the right to run, and what strangers may do."""

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests

from engine.access import dex
from engine.access.entrance import Entrance
from engine.access.modes import entered, mode_of
from engine.access.refusals import DiagnosedError
from engine.access.tokens import described, sent_claims
from engine.command_line import SettingsError, WorldError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Result, Results, Site, failed, ok, skipped, warned
from engine.kubeflow.endpoint import IN_CLUSTER, LOOPBACK, check_url, make_client
from engine.kubeflow.versions import FIRST_WITH_AUTHORIZATION, check_supported, stated

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client

CHECK = "endpoint"
IDENTITY = "identity"
STRANGERS = "requests without credentials"
HEALTH = {"commit_sha", "multi_user", "tag_name"}
"""One of which each server states of itself."""
LISTS = ("list_experiments", "list_pipelines", "list_runs")
RIGHT_TO_RUN = "right to run"
NO_ID = "00000000-0000-0000-0000-000000000000"
DEFAULT_USER, DEFAULT_PASSWORD = "user@example.com", "12341234"
"""Those that Kubeflow's manifests install."""
TIMEOUT = (5, 10)  # seconds to connect, and to wait for an answer


def check(site: Site) -> Results:
    host = site.variable("KUBEFLOW_HOST").rstrip("/")
    if not host:
        yield skipped(CHECK, "KUBEFLOW_HOST is not set: pipelines run on the local KFP server")
        return
    site.known["answered"] = False
    yield from _guarded(CHECK, _way_in(site, host))
    if is_public(urlsplit(host).hostname or ""):
        yield from _strangers(host)
    else:
        yield skipped(STRANGERS, f"{host} has no public address")


def _guarded(check: str, results: Results) -> Results:
    """The results up to an error, which is the last one."""
    try:
        yield from results
    except (SettingsError, WorldError) as error:
        yield explained(check, error)


def explained(check: str, error: Exception) -> Result:
    """An error as a result: an entry of the table if it is one."""
    if diagnosis := getattr(error, "diagnosis", None):
        return failed(check, diagnosis)
    return Result(check, "fail", str(error))


def _way_in(site: Site, host: str) -> Results:
    check_url(host)
    mode = mode_of(site.environment)
    if urlsplit(host).scheme == "http" and is_public(urlsplit(host).hostname or ""):
        yield failed(CHECK, diagnose("url", host=host))
    with entered(host, site.environment) as entrance:
        yield from _guarded(IDENTITY, iter((_identity(mode.name, entrance),)))
        client = make_client(entrance, site.variable("KUBEFLOW_NAMESPACE"), site.waits)
        yield from _server(client, site.variable("KUBEFLOW_NAMESPACE"))
        site.known.update(answered=True, version=client.version)


def _identity(mode: str, entrance: Entrance) -> Result:
    """Who asks: claims of the token, and never the token."""
    headers = entrance.credential.headers()
    if "Authorization" not in headers:
        return ok(IDENTITY, f"mode {mode}: {'a session' if headers else 'no credentials'}")
    return ok(IDENTITY, f"mode {mode}: {described(sent_claims(headers))}")


def _server(client: "Client", namespace: str) -> Results:
    from engine.kubeflow.kfp_client import Refused

    try:
        health = client.healthz()
    except Refused as error:
        if error.code != 404:
            raise
        raise DiagnosedError(client.host, diagnose("wrong-path", url=client.host)) from None
    if not HEALTH & health.keys():
        raise DiagnosedError(client.host, diagnose("not-kubeflow", field="commit_sha"))
    client.version = health.get("tag_name")
    check_supported(client.host, client.version)
    version = stated(client.version)
    if version and version < FIRST_WITH_AUTHORIZATION:
        yield warned(CHECK, diagnose("old-server", version=client.version))
    else:
        yield ok(CHECK, f"{client.host} is Kubeflow Pipelines {client.version or 'of no stated version'}")
    if health.get("multi_user") and not namespace:
        raise DiagnosedError(client.host, diagnose("no-namespace", host=client.host))
    experiments, _, _ = (getattr(client, name)(page_size=1, namespace=namespace or None) for name in LISTS)
    yield _right_to_run(client, experiments.experiments or [], namespace or "the only namespace")


def _right_to_run(client: "Client", experiments: list[Any], place: str) -> Result:
    """Ask for a run of a version that is not there: rights are checked first, so no run is created."""
    import kfp_server_api as api

    from engine.kubeflow.kfp_client import Refused

    if not experiments:
        return ok(
            RIGHT_TO_RUN, f"may list in {place}, which has no experiment: the run of one step shows the rest"
        )
    version = api.V2beta1PipelineVersionReference(pipeline_id=NO_ID, pipeline_version_id=NO_ID)
    run = api.V2beta1Run(
        display_name="doctor",
        experiment_id=experiments[0].experiment_id,
        pipeline_version_reference=version,
    )
    try:
        client._run_api.run_service_create_run(run=run)
    except Refused as error:
        if error.code in (401, 403) or error.code > 500:
            raise
    return ok(RIGHT_TO_RUN, f"may list experiments, pipelines and runs, and create runs, in {place}")


def _strangers(host: str) -> Results:
    match answer_to_strangers(host):
        case "let in", _:
            yield failed(STRANGERS, diagnose("open-endpoint", host=host))
        case "refused", _:
            yield ok(STRANGERS, f"{host} refuses them")
        case _, answer:
            yield skipped(STRANGERS, f"not known: expected a refusal of {host}, found {answer}")
    try:
        dex.log_in(host, DEFAULT_USER, DEFAULT_PASSWORD)
    except dex.RejectedError:
        yield ok("default login", "Dex does not accept the password that Kubeflow's manifests install")
    except DiagnosedError as error:
        yield skipped("default login", f"not known: {error.diagnosis.problem}")
    else:
        yield failed("default login", diagnose("default-login"))


def answer_to_strangers(host: str) -> tuple[Literal["let in", "refused", "unknown"], str]:
    """What a request without credentials comes to, and the answer: no answer is no refusal."""
    url = f"{host}/apis/v2beta1/pipelines?page_size=1"
    verify: Any = os.environ.get("SSL_CERT_FILE") or True
    try:
        answer = requests.get(url, timeout=TIMEOUT, verify=verify, allow_redirects=False)
    except requests.RequestException as error:
        return "unknown", type(error).__name__
    status = str(answer.status_code)
    if answer.is_redirect or answer.status_code in (401, 403):
        return "refused", status
    if answer.status_code != 200:
        return "unknown", status
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return ("refused" if is_page else "let in"), status


def is_public(host: str) -> bool:
    """Whether a name leads to an address that the whole internet reaches."""
    if host in LOOPBACK or host.endswith(IN_CLUSTER):
        return False
    try:
        addresses = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(ipaddress.ip_address(address[4][0]).is_global for address in addresses)
