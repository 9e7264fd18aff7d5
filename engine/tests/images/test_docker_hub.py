"""Tests of engine/images/docker_hub.py, against what stands in for Docker Hub's API."""

from datetime import UTC, datetime

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.docker_hub import DockerHub
from engine.tests.standins.docker_hub_api import running_docker_hub_api
from engine.tests.standins.http_server import Answer

PUSHED = "2026-01-02T03:04:05.678901Z"
SCOPES = {"all": {"read", "write", "delete"}, "push": {"read", "write"}}


def shelf(api, token: str) -> DockerHub:
    environment = {"DOCKERHUB_USERNAME": "you", "DOCKERHUB_TOKEN": token}
    return DockerHub("docker.io/you/model", environment, api.url)


def some_tags(count: int) -> dict[str, dict[str, str]]:
    return {
        f"a-{number}": {"digest": f"sha256:{number}", "tag_last_pushed": PUSHED} for number in range(count)
    }


def test_every_page_is_read_and_one_tag_is_deleted():
    with running_docker_hub_api(some_tags(8), **SCOPES) as api:
        hub = shelf(api, "all")
        api.failures.append(Answer(429, {"Retry-After": "0"}))
        held = hub.held()
        assert [each.tags for each in held] == [(f"a-{number}",) for number in range(8)]
        assert hub.pushed(held[3]) == datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
        assert held[3].digest == "sha256:3"
        api.failures.append(Answer(503))
        hub.delete(held[3])
        hub.delete(held[3])
        assert set(api.tags) == {f"a-{number}" for number in range(8) if number != 3}


def test_a_token_that_may_not_delete_says_which_one_may():
    with running_docker_hub_api(some_tags(1), **SCOPES) as api:
        hub = shelf(api, "push")
        with pytest.raises(
            SettingsError, match="expected DOCKERHUB_TOKEN to be one that may Read, Write, Del"
        ):
            hub.delete(hub.held()[0])
        assert len(api.tags) == 1


def test_refused_and_missing_credentials_are_errors():
    with running_docker_hub_api(some_tags(1), **SCOPES) as api:
        with pytest.raises(WorldError, match="expected its credentials accepted, found 401") as error:
            shelf(api, "guessed").held()
        assert "guessed" not in str(error.value)
        with pytest.raises(
            SettingsError, match="expected DOCKERHUB_USERNAME and DOCKERHUB_TOKEN, found none"
        ):
            DockerHub("you/model", {"HOME": "/nonexistent"}, api.url).held()


def test_a_repository_before_its_first_push_holds_nothing():
    with running_docker_hub_api({}, **SCOPES) as api:
        environment = {"DOCKERHUB_USERNAME": "you", "DOCKERHUB_TOKEN": "all"}
        assert DockerHub("docker.io/you/other", environment, api.url).held() == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "expected a list of tags, found 200"),
        (b'{"results": [{"name": "a"}], "next": null}', "expected a list of tags, found 200"),
        (b'{"results": [], "next": "https://elsewhere.example/"}', "expected the next page below it, found"),
    ],
)
def test_an_answer_that_is_no_list_deletes_nothing(body, message):
    with running_docker_hub_api(some_tags(1), **SCOPES) as api:
        api.failures += [Answer(200, {}, b'{"access_token": "a"}'), Answer(200, {}, body)]
        with pytest.raises(WorldError, match=message):
            shelf(api, "all").held()
