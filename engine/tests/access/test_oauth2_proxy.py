"""The local KFP server behind a real oauth2-proxy, over TLS with a private authority."""

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import requests

from engine.access.entrance import AUDIENCE
from engine.access.refusals import DiagnosedError
from engine.kubeflow import runs
from engine.kubeflow.endpoint import connect
from engine.kubeflow.kfp_client import Refused
from engine.tests.oauth2_proxy import build_oauth2_proxy, running_oauth2_proxy
from engine.tests.standins.authority import Authority
from engine.tests.standins.oidc_provider import PASSWORD, USER, OidcProvider, running_provider
from local_kfp.tests.in_process import InProcessServer

Site = SimpleNamespace


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Site]:
    """A provider and a guarded endpoint that trust each other, and nothing of which a client knows."""
    certificate = authority.issue("site")
    program = build_oauth2_proxy(tmp_path_factory.mktemp("oauth2_proxy"))
    os.environ["SSL_CERT_FILE"] = str(authority.path)  # what Go's programs trust
    with (
        InProcessServer(tmp_path_factory.mktemp("kfp")) as server,
        running_provider(certificate.context()) as provider,
        running_oauth2_proxy(program, provider, server.url, certificate.path, AUDIENCE) as url,
    ):
        yield Site(url=url, provider=provider)
        assert not server.departures, "requests of the client are held to the published API"
    del os.environ["SSL_CERT_FILE"]


@pytest.fixture
def settings(site: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("KUBEFLOW_HOST", site.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    return monkeypatch


def provide(settings: pytest.MonkeyPatch, provider: OidcProvider, **more: str) -> None:
    for name, value in (provider.environment() | more).items():
        settings.setenv(name, value)


def test_a_token_of_the_job_is_let_in(site, settings, tmp_path):
    provide(settings, site.provider, KUBEFLOW_AUTH="github-oidc")
    with connect(tmp_path) as client:
        assert runs.find(client, "gate") == []


def test_a_request_without_a_token_is_refused_and_one_of_a_browser_redirected(site, settings, tmp_path):
    with pytest.raises(Refused, match="found 401: no token was sent; gh"), connect(tmp_path):
        pass
    answer = requests.get(site.url, allow_redirects=False, timeout=10)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(site.provider.issuer)


def test_a_token_for_another_audience_is_refused(site, settings, tmp_path):
    provide(settings, site.provider, KUBEFLOW_AUTH="github-oidc", KUBEFLOW_AUDIENCE="another")
    with pytest.raises(Refused, match="found 401"), connect(tmp_path):
        pass


def test_an_authority_that_is_not_known_is_named(site, settings, tmp_path):
    settings.delenv("SSL_CERT_FILE")
    settings.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(DiagnosedError) as error, connect(tmp_path):
        pass
    assert error.value.diagnosis.name == "tls-authority"


def test_a_static_user_gets_a_session(site, settings, tmp_path):
    provide(settings, site.provider, KUBEFLOW_AUTH="dex", KUBEFLOW_USERNAME=USER, KUBEFLOW_PASSWORD=PASSWORD)
    with connect(tmp_path) as client:
        assert runs.find(client, "gate") == []


def test_a_wrong_password_is_not_shown(site, settings, tmp_path):
    provide(settings, site.provider, KUBEFLOW_AUTH="dex", KUBEFLOW_USERNAME=USER, KUBEFLOW_PASSWORD="secret-")
    with pytest.raises(DiagnosedError) as error, connect(tmp_path):
        pass
    assert error.value.diagnosis.name == "dex-login" and "secret-" not in str(error.value)
