"""Each registry is read with its own credentials, and with no other's."""

import base64
import json
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.image_credentials import credentials
from engine.tests.standins.http_server import Answer, serving

ECR = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
QUAY = {"IMAGE_REGISTRY": "quay.io", "IMAGE_REGISTRY_USERNAME": "acme+ci", "IMAGE_REGISTRY_PASSWORD": "p"}
HELPER = """#!/bin/sh
read host
case "$host" in
  quay.io) echo '{"ServerURL": "quay.io", "Username": "me", "Secret": "s"}' ;;
  broken.example) echo 'a secret in plain text' ;;
  none.example) echo 'credentials not found in native keychain'; exit 1 ;;
  *) echo 'locked'; exit 2 ;;
esac
"""


@pytest.fixture
def helped(tmp_path: Path) -> dict[str, str]:
    """A machine whose Docker keeps its credentials in a helper's store."""
    program = tmp_path / "docker-credential-test"
    program.write_text(HELPER)
    program.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "test", "auths": {"quay.io": {}}}))
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_another_registry_has_credentials_of_its_own(tmp_path: Path) -> None:
    here = QUAY | {"HOME": str(tmp_path), "GITHUB_TOKEN": "g"}
    assert credentials("quay.io", here) == ("acme+ci", "p")
    assert credentials("docker.io", here) is None
    assert credentials("ghcr.io", here) == ("token", "g")


def test_github_enterprise_has_a_registry_beside_it(tmp_path: Path) -> None:
    here = {"GITHUB_SERVER_URL": "https://github.acme.example", "GITHUB_TOKEN": "g", "HOME": str(tmp_path)}
    assert credentials("containers.github.acme.example", here) == ("token", "g")
    assert credentials("containers.acme.example", here) is None
    assert credentials("ghcr.io", here) is None
    assert credentials("ghcr.io", here | {"GITHUB_SERVER_URL": "https://github.com"}) == ("token", "g")


def test_a_credential_helper_is_asked(helped: dict[str, str]) -> None:
    assert credentials("quay.io", helped) == ("me", "s")
    assert credentials("none.example", helped) is None


def test_the_helper_of_a_host_comes_before_the_store(helped: dict[str, str]) -> None:
    config = Path(helped["DOCKER_CONFIG"], "config.json")
    config.write_text(json.dumps({"credsStore": "absent", "credHelpers": {"quay.io": "test"}}))
    assert credentials("quay.io", helped) == ("me", "s")
    with pytest.raises(SettingsError, match=r"ghcr\.io: .* docker-credential-absent .* found none"):
        credentials("ghcr.io", helped)


def test_a_helper_that_fails_is_an_error_without_its_output(helped: dict[str, str]) -> None:
    with pytest.raises(WorldError, match="found exit status 2") as error:
        credentials("locked.example", helped)
    assert "locked'" not in str(error.value)
    with pytest.raises(WorldError, match="expected Username and Secret of docker-credential-test") as error:
        credentials("broken.example", helped)
    assert "secret in plain" not in str(error.value)


def test_ecr_gives_a_login_for_the_keys_of_a_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_aws: None
) -> None:
    token = base64.b64encode(b"AWS:of-an-hour").decode()
    body = json.dumps({"authorizationData": [{"authorizationToken": token}]}).encode()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-of-a-role")
    seen = []

    def answer(path, headers) -> Answer:
        seen.append(headers["X-Amz-Security-Token"])
        return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, body)

    with serving(answer) as host:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://{host}")
        assert credentials(ECR, {"HOME": str(tmp_path)}) == ("AWS", "of-an-hour")
    assert seen == ["session-of-a-role"]


def test_ecr_without_keys_is_read_without_a_login(tmp_path: Path, no_aws: None) -> None:
    assert credentials(ECR, {"HOME": str(tmp_path)}) is None


def test_no_other_host_gets_a_login_of_ecr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:9")
    assert credentials(f"{ECR}.evil.example", {"HOME": str(tmp_path)}) is None
