"""A Kubernetes API for the tests of this folder, that accepts tokens as infra/kubeflow/github-oidc says."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.tests.api_server import go_modules
from engine.tests.api_server.api_server import ApiServer, running_api_server
from engine.tests.api_server.overlays import Overlays, filled_in
from engine.tests.standins.authority import Issued
from engine.tests.standins.oidc_provider import OidcProvider, running_provider


@pytest.fixture(scope="session")
def binaries() -> Path:
    if not shutil.which("go"):
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("expected Go to build kube-apiserver with, found none")
    return go_modules.binaries()


@pytest.fixture(scope="session")
def overlays(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Overlays:
    return Overlays(binaries / "kustomize", filled_in(tmp_path_factory.mktemp("overlays") / "kubeflow"))


@pytest.fixture(scope="session")
def github(certificate: Path) -> Iterator[OidcProvider]:
    """GitHub's issuer, as far as the API server can tell."""
    with running_provider(Issued(certificate).context()) as provider:
        yield provider


@pytest.fixture(scope="session")
def api_server(
    binaries: Path,
    overlays: Overlays,
    github: OidcProvider,
    certificate: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("api_server")
    document = yaml.safe_load((overlays.folder / "github-oidc/authentication.yaml").read_text())
    document["jwt"][0]["issuer"] |= {"url": github.issuer, "certificateAuthority": certificate.read_text()}
    configuration = folder / "authentication.yaml"
    configuration.write_text(yaml.safe_dump(document))
    options = {"authentication-config": str(configuration)}
    with running_api_server(folder, binaries, certificate, options) as server:
        yield server
