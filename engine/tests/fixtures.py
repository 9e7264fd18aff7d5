"""What every suite may ask for."""

import datetime
import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.stores import s3
from engine.tests.docker_registry import DockerRegistry, running_registry
from engine.tests.seaweedfs import SeaweedFS, running_seaweedfs
from engine.tests.standins.authority import Authority
from engine.tests.standins.github_api import GitHubApi, running_github_api
from engine.tests.standins.kubernetes_api import KubernetesApi, running_cluster


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as store:
        yield store


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with running_registry(tmp_path_factory.mktemp("docker_registry")) as registry:
        yield registry


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file, its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "127.0.0.1.pem"
    path.write_bytes(private + signed.public_bytes(pem))
    return path


@pytest.fixture
def s3_identity(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Call it with "admin", "reader" or an unknown name, and this process speaks to SeaweedFS as that."""

    def become(identity: str) -> None:
        for name, value in seaweedfs.environment(identity).items():
            monkeypatch.setenv(name, value)
        s3.forget_client()

    become("admin")
    yield become
    s3.forget_client()


@pytest.fixture
def s3_folder(seaweedfs: SeaweedFS, s3_identity: Callable[[str], None]) -> str:
    """The s3:// URI of an empty place that this process may write to."""
    return seaweedfs.new_folder()


@pytest.fixture
def github_api() -> Iterator[GitHubApi]:
    """A stand-in for GitHub's API, of the repository you/flight-delays."""
    with running_github_api() as api:
        yield api
    assert not api.strayed, "GitHub's API was asked for what its stand-in does not know"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesApi]:
    """A stand-in for a cluster with KServe that KUBECONFIG names, in which waiting takes no time."""
    from engine.kserve.cluster import Clock

    with running_cluster(tmp_path) as (api, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.setattr(Clock, "now", staticmethod(api.clock.now))
        monkeypatch.setattr(Clock, "sleep", staticmethod(api.clock.sleep))
        yield api
