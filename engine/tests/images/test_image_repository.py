"""Tests of images/image_repository.py, against real registries and the answers that they never give."""

import time

import pytest

from engine.command_line import SettingsError, WorldError
from engine.http.registry_session import RegistrySession
from engine.images import image_repository
from engine.images.image_repository import ImageRepository, split_name
from engine.tests.docker_registry import MANIFEST, DockerRegistry
from engine.tests.images.registries import DIGEST, THERE, unruly
from engine.tests.standins.http_server import Answer, serving
from engine.tests.standins.web_server import web_server


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
def test_an_invalid_list_of_tags_is_an_error(answer, message):
    with unruly(lambda _: answer) as (host, _), pytest.raises(WorldError, match=message):
        list(ImageRepository(f"{host}/you/model", {}).tags())


def test_many_tags_are_looked_up_at_once(docker_registry: DockerRegistry):
    name = docker_registry.new_repository()
    tags = [f"a-{number}" for number in range(60)]
    digest = docker_registry.push(name, *tags[::2])
    assert ImageRepository(name, {}).digests(tags) == dict.fromkeys(tags[::2], digest)


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


def test_a_registry_out_of_reach_is_an_error(monkeypatch):
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
def test_an_answer_that_no_registry_gives_is_an_error(answer, found):
    with (
        unruly(lambda _: answer) as (host, _),
        pytest.raises(WorldError, match=f"a manifest's digest, or 404 for none, found {found}"),
    ):
        ImageRepository(f"{host}/you/model", {}).digest("a-1")


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
def test_image_names_are_split_into_host_and_path(name, host, path):
    assert split_name(name) == (host, path)


@pytest.mark.parametrize(
    "name",
    [
        "", "docker.io/", "docker.io/you/model:tag", "docker.io/You/model", "docker.io/you/../them/model",
        "https://docker.io/you/model", "you@ghcr.io/you/model", "ghcr.io/you/model?x=1", "ghcr.io/you/m#",
        "ghcr.io/you/model\nx", "-/you", "ghcr.io:x/you/model", f"ghcr.io/{'a' * 255}",
    ],
)  # fmt: skip
def test_a_hostile_image_name_is_refused(name):
    with pytest.raises(SettingsError, match="expected an image repository with no tag"):
        ImageRepository(name, {})


@pytest.mark.parametrize("tag", ["", "a/../../b", "a?x=1", "-a", "a b", "a\n", "a" * 129])
def test_a_hostile_tag_is_refused(tag):
    with pytest.raises(SettingsError, match="expected a tag of 128 characters at most"):
        ImageRepository("ghcr.io/you/model", {}).digest(tag)


def test_registry_is_trusted_by_the_authority_of_the_environment(certificate, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with web_server(body=b"here", certificate=certificate) as url:
        with pytest.raises(WorldError, match="CERTIFICATE_VERIFY_FAILED"):
            RegistrySession("images", (), 1).ask("GET", url, None)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert RegistrySession("images", (), 1).ask("GET", url, None).content == b"here"
