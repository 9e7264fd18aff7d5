"""Tests of who reads and pushes images: credentials, tokens, redirects and what a host may ask for."""

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.image_credentials import credentials
from engine.images.image_repository import DeniedError, ImageRepository
from engine.tests.docker_registry import PASSWORD, USER, DockerRegistry, htpasswd, running_registry
from engine.tests.images.registries import DIGEST, THERE, unruly
from engine.tests.standins.docker_hub_tokens import TokenService, running_token_service
from engine.tests.standins.http_server import Answer, serving


def login(tmp_path: Path, host: str, user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    """The environment of one who did `docker login`."""
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(tmp_path)}


def test_a_registry_with_passwords_requires_credentials(docker_registry: DockerRegistry, tmp_path: Path):
    name = docker_registry.new_repository()
    digest = docker_registry.push(name, "a-1")
    with running_registry(tmp_path, images=docker_registry.images, auth=htpasswd(tmp_path)) as guarded:
        name = name.replace(docker_registry.host, guarded.host)
        known = login(tmp_path, guarded.host)
        assert ImageRepository(name, known).digests(["a-1", "a-2", "a-3"]) == {"a-1": digest}
        with pytest.raises(DeniedError, match="with no credentials, found no access or no such repository"):
            ImageRepository(name, {}).digests(["a-1"])
        wrong = login(tmp_path, guarded.host, password="guessed")
        with pytest.raises(WorldError, match="expected its credentials accepted, found 401") as error:
            ImageRepository(name, wrong).digests(["a-1"])
        assert "guessed" not in str(error.value)
        assert not isinstance(error.value, DeniedError)


@pytest.fixture(scope="module")
def hub(
    docker_registry: DockerRegistry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, TokenService]]:
    """The host of a registry as Docker Hub's, with the same images as `docker_registry`; and its tokens."""
    folder = tmp_path_factory.mktemp("hub")
    with (
        running_token_service({"you": PASSWORD}, public=set()) as tokens,
        running_registry(folder, images=docker_registry.images, auth=tokens.auth(folder)) as registry,
    ):
        yield registry.host, tokens


def test_one_token_serves_all_look_ups(docker_registry, hub, tmp_path):
    host, tokens = hub
    name = docker_registry.new_repository()
    digest = docker_registry.push(name, "a-1", "a-2")
    name = name.replace(docker_registry.host, host)
    tokens.asked_as.clear()
    tags = [f"a-{number}" for number in range(30)]
    found = ImageRepository(name, login(tmp_path, host, "you")).digests(tags)
    assert found == {"a-1": digest, "a-2": digest}
    assert tokens.asked_as == ["you"]


def test_without_credentials_only_what_is_public_is_read(docker_registry, hub):
    host, tokens = hub
    name = docker_registry.new_repository()
    digest = docker_registry.push(name, "a-1")
    name = name.replace(docker_registry.host, host)
    with pytest.raises(DeniedError, match="expected to read it with no credentials"):
        ImageRepository(name, {}).digests(["a-1"])
    tokens.public.add(name.removeprefix(f"{host}/"))
    assert ImageRepository(name, {}).digests(["a-1"]) == {"a-1": digest}


def test_useless_tokens_and_refused_credentials_are_errors(hub, tmp_path):
    host, _ = hub
    with pytest.raises(DeniedError, match="expected to read it with its credentials"):
        ImageRepository(f"{host}/them/model", login(tmp_path, host, "you")).digests(["a-1"])
    with pytest.raises(WorldError, match="expected its credentials accepted, found 401") as error:
        ImageRepository(f"{host}/you/model", login(tmp_path, host, "you", "guessed")).digests(["a-1"])
    assert not isinstance(error.value, DeniedError)


def test_a_repository_that_the_token_service_refuses_is_not_found(tmp_path):
    """As ghcr.io does if there is no such package yet."""

    def answer(path: str) -> Answer:
        realm = f'Bearer realm="http://{host}/token"'
        return Answer(403) if path.startswith("/token") else Answer(401, {"WWW-Authenticate": realm})

    with unruly(answer) as (host, _):
        repository = ImageRepository(f"{host}/you/model", login(tmp_path, host))
        with pytest.raises(DeniedError, match="expected to read it with its credentials, found no access"):
            repository.digest("a-1")
        assert not repository.can_push()


def test_the_right_to_push_is_checked_by_a_cancelled_upload(docker_registry, hub, tmp_path):
    host, tokens = hub
    tokens.public.add("them/model")
    yours = f"you/{uuid.uuid4().hex}"
    known = login(tmp_path, host, "you")
    assert ImageRepository(f"{host}/{yours}", known).can_push()
    assert not [*docker_registry.images.rglob(f"{yours}/_uploads/*/data")], "the upload is cancelled"
    assert not ImageRepository(f"{host}/them/model", known).can_push(), "a token that may only pull"
    assert not ImageRepository(f"{host}/{yours}", {}).can_push()
    with pytest.raises(WorldError, match="expected its credentials accepted, found 401"):
        ImageRepository(f"{host}/{yours}", login(tmp_path, host, "you", "guessed")).can_push()


def test_a_registry_with_passwords_lets_only_valid_credentials_push(docker_registry, tmp_path):
    assert ImageRepository(docker_registry.new_repository(), {}).can_push()
    with running_registry(tmp_path, images=docker_registry.images, auth=htpasswd(tmp_path)) as guarded:
        assert ImageRepository(f"{guarded.host}/you/model", login(tmp_path, guarded.host)).can_push()
        assert not ImageRepository(f"{guarded.host}/you/model", {}).can_push()
        wrong = login(tmp_path, guarded.host, password="guessed")
        with pytest.raises(WorldError, match="expected its credentials accepted, found 401"):
            ImageRepository(f"{guarded.host}/you/model", wrong).can_push()


def test_a_token_that_ran_out_is_fetched_again_once_for_all():
    tokens = iter(["first", "second"])
    tags = [f"a-{number}" for number in range(30)]

    def answer(path: str) -> Answer:
        if path.startswith("/token"):
            return Answer(200, {}, json.dumps({"access_token": next(tokens)}).encode())
        good = "Bearer first" if path.endswith("/a-0") else "Bearer second"
        challenge = Answer(401, {"WWW-Authenticate": f'bEARER realm="http://{host}/token"'})
        return THERE if (path, good) in seen else challenge

    with unruly(answer) as (host, seen):
        assert ImageRepository(f"{host}/you/model", {}).digests(tags) == dict.fromkeys(tags, DIGEST)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"token": ""}', b'{"token": "a\\nb"}', b'{"token": 1}']
)
def test_a_token_service_without_a_token_is_an_error(body):
    def answer(path: str) -> Answer:
        if path.startswith("/token"):
            return Answer(200, {}, body)
        return Answer(401, {"WWW-Authenticate": f'Bearer realm="http://{host}/token"'})

    with unruly(answer) as (host, _), pytest.raises(WorldError, match="expected a token, found 200"):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")


@pytest.mark.parametrize(
    "challenge",
    ['Bearer realm="http://example.org/token"', "Bearer", 'Bearer realm="/x"', 'Bearer realm="https://["'],
)
def test_credentials_go_nowhere_in_the_open(challenge, tmp_path):
    with (
        unruly(lambda _: Answer(401, {"WWW-Authenticate": challenge})) as (host, _),
        pytest.raises(WorldError, match="expected it to be reached by https, found"),
    ):
        ImageRepository(f"{host}/you/model", login(tmp_path, host)).digest("a-1")


def test_an_unknown_challenge_of_a_registry_is_an_error(tmp_path):
    with (
        unruly(lambda _: Answer(401, {"WWW-Authenticate": "Negotiate"})) as (host, _),
        pytest.raises(WorldError, match="expected a Bearer or Basic challenge, found 'Negotiate'"),
    ):
        ImageRepository(f"{host}/you/model", login(tmp_path, host)).digest("a-1")


def test_a_redirect_takes_no_credentials_along(tmp_path):
    challenge = Answer(401, {"WWW-Authenticate": 'Basic realm="images"'})
    with unruly(lambda _: challenge) as (elsewhere, seen_elsewhere):
        away = Answer(307, {"Location": f"http://{elsewhere}/v2/you/model/manifests/a-1"})
        with (
            unruly(lambda _: away if seen[-1][1] else challenge) as (host, seen),
            pytest.raises(WorldError, match=f"accepted, found 401 .* from {elsewhere}"),
        ):
            ImageRepository(f"{host}/you/model", login(tmp_path, host)).digest("a-1")
    assert seen[-1][1].startswith("Basic ")
    assert [authorization for _, authorization in seen_elsewhere] == [None]


def test_a_host_redirected_to_cannot_ask_for_credentials(tmp_path):
    with unruly(lambda _: Answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'})) as (elsewhere, seen):
        realm = f"http://{elsewhere}/token"
        away = Answer(307, {"Location": f"http://{elsewhere}/v2/you/model/manifests/a-1"})
        with serving(lambda *_: away) as host, pytest.raises(DeniedError):
            ImageRepository(f"{host}/you/model", login(tmp_path, host)).digest("a-1")
    assert seen == [("/v2/you/model/manifests/a-1", None)]


def test_a_redirect_to_plain_http_is_refused():
    with serving(lambda *_: THERE) as open_host:
        away = Answer(307, {"Location": f"http://{open_host.replace('127.0.0.1', '0.0.0.0')}/"})
        with (
            serving(lambda *_: away) as host,
            pytest.raises(WorldError, match=r"by https, found 'http://0\.0\.0\.0"),
        ):
            ImageRepository(f"{host}/you/model", {}).digest("a-1")


def test_a_netrc_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login ann password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with unruly(lambda _: THERE) as (host, seen):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")
    assert seen[0][1] is None


def test_credentials_are_those_of_the_host(tmp_path):
    both = {"DOCKERHUB_USERNAME": "you", "DOCKERHUB_TOKEN": "d", "GITHUB_TOKEN": "g", "HOME": str(tmp_path)}
    assert credentials("docker.io", both) == ("you", "d")
    assert credentials("ghcr.io", both) == ("token", "g")
    assert credentials("ghcr.io", both | {"GITHUB_ACTOR": "you"}) == ("you", "g")
    assert credentials("registry.example.org", both) is None
    assert credentials("docker.io", {"DOCKERHUB_USERNAME": "you", "HOME": str(tmp_path)}) is None
    logged_in = login(tmp_path, "https://index.docker.io/v1/", "me", "a:b")
    assert credentials("docker.io", logged_in) == ("me", "a:b")
    assert credentials("ghcr.io", logged_in) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": {"ghcr.io": {"auth": "?"}}}', '{"auths": {"ghcr.io": 1}}']
)
def test_an_invalid_docker_configuration_is_refused(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(SettingsError, match=r"config\.json: expected what docker login writes"):
        credentials("ghcr.io", {"DOCKER_CONFIG": str(tmp_path)})
