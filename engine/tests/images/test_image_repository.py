"""Tests of images/image_repository.py, against real registries and the answers that they never give."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.http import RegistrySession
from engine.images import image_repository
from engine.images.image_credentials import credentials
from engine.images.image_repository import DeniedError, ImageRepository, split_name
from engine.tests.docker_registry import MANIFEST, PASSWORD, USER, DockerRegistry, htpasswd, running_registry
from engine.tests.standins.docker_hub_tokens import TokenService, running_token_service
from engine.tests.standins.http_server import Answer, serving
from engine.tests.standins.web_server import web_server

DIGEST = f"sha256:{'ab' * 32}"
THERE = Answer(200, {"Content-Type": MANIFEST, "Docker-Content-Digest": DIGEST})


def login(tmp_path: Path, host: str, user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    """The environment of one who did `docker login`."""
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(tmp_path)}


@contextmanager
def unruly(answer: Callable[[str], Answer]) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A registry that gives any answer to a path, and the paths and authorizations that it got."""
    seen: list[tuple[str, str | None]] = []

    def record(path: str, headers) -> Answer:
        seen.append((path, headers.get("Authorization")))
        return answer(path)

    with serving(record) as host:
        yield host, seen


def test_tags_that_are_there_have_digests_and_others_have_none(docker_registry: DockerRegistry):
    name = docker_registry.new_repository()
    digest = docker_registry.push(name, "a-1", "b-1")
    other = docker_registry.push(name, "b-2")
    repository = ImageRepository(name, {})
    assert repository.digests(["a-1", "a-2", "b-1", "b-2"]) == {"a-1": digest, "b-1": digest, "b-2": other}
    assert repository.digests([]) == {}
    assert ImageRepository(docker_registry.new_repository(), {}).digests(["a-1"]) == {}


def test_all_tags_are_listed_page_by_page(docker_registry: DockerRegistry, monkeypatch):
    monkeypatch.setattr(image_repository, "TAGS_A_PAGE", 2)
    name = docker_registry.new_repository()
    assert list(ImageRepository(name, {}).tags()) == []
    tags = {f"a-{number}" for number in range(5)}
    docker_registry.push(name, *tags)
    listed = list(ImageRepository(name, {}).tags())
    assert (len(listed), set(listed)) == (5, tags)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(200, {"Content-Type": "text/html"}, b"<html>"), "expected a list of tags, found 200"),
        (Answer(404, {"Content-Type": "text/html"}), "expected a list of tags, found 404"),
        (Answer(200, {}, b"[]"), "expected a list of tags, found 200"),
        (
            Answer(200, {"Link": '<https://elsewhere.example/>; rel="next"'}, b'{"tags": null}'),
            "expected the next page below it, found 'https://elsewhere",
        ),
    ],
)
def test_a_list_of_tags_that_is_none(answer, message):
    with unruly(lambda _: answer) as (host, _), pytest.raises(WorldError, match=message):
        list(ImageRepository(f"{host}/you/model", {}).tags())


def test_many_tags_are_looked_up_at_once(docker_registry: DockerRegistry):
    name = docker_registry.new_repository()
    tags = [f"a-{number}" for number in range(60)]
    digest = docker_registry.push(name, *tags[::2])
    assert ImageRepository(name, {}).digests(tags) == dict.fromkeys(tags[::2], digest)


def test_a_registry_with_passwords(docker_registry: DockerRegistry, tmp_path: Path):
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


def test_a_token_that_opens_nothing_and_credentials_that_are_refused(hub, tmp_path):
    host, _ = hub
    with pytest.raises(DeniedError, match="expected to read it with its credentials"):
        ImageRepository(f"{host}/them/model", login(tmp_path, host, "you")).digests(["a-1"])
    with pytest.raises(WorldError, match="expected its credentials accepted, found 401") as error:
        ImageRepository(f"{host}/you/model", login(tmp_path, host, "you", "guessed")).digests(["a-1"])
    assert not isinstance(error.value, DeniedError)


def test_a_token_service_that_refuses_a_repository_and_not_who_asks(tmp_path):
    """As that of ghcr.io, where there is no such package yet."""

    def answer(path: str) -> Answer:
        realm = f'Bearer realm="http://{host}/token"'
        return Answer(403) if path.startswith("/token") else Answer(401, {"WWW-Authenticate": realm})

    with unruly(answer) as (host, _):
        repository = ImageRepository(f"{host}/you/model", login(tmp_path, host))
        with pytest.raises(DeniedError, match="expected to read it with its credentials, found no access"):
            repository.digest("a-1")
        assert not repository.can_push()


def test_who_may_push_is_seen_from_an_upload_that_is_taken_back(docker_registry, hub, tmp_path):
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


def test_who_may_push_where_there_are_passwords_or_none(docker_registry, tmp_path):
    assert ImageRepository(docker_registry.new_repository(), {}).can_push()
    with running_registry(tmp_path, images=docker_registry.images, auth=htpasswd(tmp_path)) as guarded:
        assert ImageRepository(f"{guarded.host}/you/model", login(tmp_path, guarded.host)).can_push()
        assert not ImageRepository(f"{guarded.host}/you/model", {}).can_push()
        wrong = login(tmp_path, guarded.host, password="guessed")
        with pytest.raises(WorldError, match="expected its credentials accepted, found 401"):
            ImageRepository(f"{guarded.host}/you/model", wrong).can_push()


@pytest.mark.parametrize(
    ("status", "may"), [(202, True), (403, False), (404, False), (405, None), (200, None)]
)
def test_a_registry_s_answer_to_an_upload(status, may):
    answers = iter([Answer(503), Answer(status, {"Location": "https://elsewhere.example/upload"})])
    with unruly(lambda _: next(answers)) as (host, seen):
        if may is None:
            with pytest.raises(WorldError, match=f"expected an upload to begin, found {status}"):
                ImageRepository(f"{host}/you/model", {}).can_push()
        else:
            assert ImageRepository(f"{host}/you/model", {}).can_push() is may
    assert [path for path, _ in seen] == ["/v2/you/model/blobs/uploads/"] * 2


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


def test_a_busy_registry_is_asked_again_when_it_says():
    answers = iter([Answer(429, {"Retry-After": "1"}), THERE])
    with unruly(lambda _: next(answers)) as (host, _):
        started = time.monotonic()
        assert ImageRepository(f"{host}/you/model", {}).digest("a-1") == DIGEST
    assert time.monotonic() - started >= 1


def test_a_registry_that_stumbles_is_asked_again():
    answers = iter([Answer(503), THERE])
    with unruly(lambda _: next(answers)) as (host, _):
        assert ImageRepository(f"{host}/you/model", {}).digest("a-1") == DIGEST


def test_a_registry_that_stays_busy_is_given_up(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with (
        unruly(lambda _: Answer(429, {"Retry-After": "3600"})) as (host, seen),
        pytest.raises(WorldError, match=f"expected an answer from {host}, found 429 Too Many Requests"),
    ):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")
    assert len(seen) == 1


def test_no_server_listens(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with serving(lambda *_: THERE) as host:
        pass
    with pytest.raises(WorldError, match=f"{host}/m: expected an answer from {host}, found .*refused"):
        ImageRepository(f"{host}/m", {}).digest("a-1")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(200, {"Content-Type": "text/html; charset=utf-8"}, b"<h1>Log in</h1>"), r"200 \(text/html"),
        (Answer(404, {"Content-Type": "text/html"}), r"404 \(text/html"),
        (Answer(200, {"Content-Type": MANIFEST}), r"200 \(application"),
        (Answer(200, {"Content-Type": MANIFEST, "Docker-Content-Digest": "sha256:12"}), r"200 \(application"),
        (Answer(200, {"Docker-Content-Digest": DIGEST}), r"200 \(no Content-Type\)"),
        (Answer(400, {"Content-Type": "application/json"}), r"400 \(application/json\)"),
    ],
)
def test_an_answer_that_is_no_registry_s(answer, found):
    with (
        unruly(lambda _: answer) as (host, _),
        pytest.raises(WorldError, match=f"a manifest's digest, or 404 for none, found {found}"),
    ):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"token": ""}', b'{"token": "a\\nb"}', b'{"token": 1}']
)
def test_a_token_service_that_gives_no_token(body):
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


def test_an_unknown_challenge(tmp_path):
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


def test_the_word_of_a_host_in_the_open_is_not_taken():
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


@pytest.mark.parametrize("location", ["ftp://example.org/", "https://["])
def test_a_redirect_to_nowhere_is_refused(location):
    away = Answer(307, {"Location": location})
    with serving(lambda *_: away) as host, pytest.raises(WorldError, match="expected an answer"):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")


@pytest.mark.parametrize(
    ("name", "host", "path"),
    [
        ("docker.io/you/model", "docker.io", "you/model"),
        ("you/model", "docker.io", "you/model"),
        ("docker.io/model", "docker.io", "library/model"),
        ("ghcr.io/you/my-model__x", "ghcr.io", "you/my-model__x"),
        ("localhost:5000/m", "localhost:5000", "m"),
    ],
)
def test_names(name, host, path):
    assert split_name(name) == (host, path)


@pytest.mark.parametrize(
    "name",
    [
        "", "docker.io/", "docker.io/you/model:tag", "docker.io/You/model", "docker.io/you/../them/model",
        "https://docker.io/you/model", "you@ghcr.io/you/model", "ghcr.io/you/model?x=1", "ghcr.io/you/m#",
        "ghcr.io/you/model\nx", "-/you", "ghcr.io:x/you/model", f"ghcr.io/{'a' * 255}",
    ],
)  # fmt: skip
def test_hostile_names(name):
    with pytest.raises(SettingsError, match="expected an image repository with no tag"):
        ImageRepository(name, {})


@pytest.mark.parametrize("tag", ["", "a/../../b", "a?x=1", "-a", "a b", "a\n", "a" * 129])
def test_hostile_tags(tag):
    with pytest.raises(SettingsError, match="expected a tag of 128 characters at most"):
        ImageRepository("ghcr.io/you/model", {}).digest(tag)


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
def test_a_docker_configuration_that_is_none(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(SettingsError, match=r"config\.json: expected what docker login writes"):
        credentials("ghcr.io", {"DOCKER_CONFIG": str(tmp_path)})


def test_registry_is_trusted_by_the_authority_of_the_environment(certificate, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with web_server(body=b"here", certificate=certificate) as url:
        with pytest.raises(WorldError, match="CERTIFICATE_VERIFY_FAILED"):
            RegistrySession("images", (), 1).ask("GET", url, None)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert RegistrySession("images", (), 1).ask("GET", url, None).content == b"here"
