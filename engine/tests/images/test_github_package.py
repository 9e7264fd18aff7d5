"""Tests of images/github_package.py, against what stands in for GitHub's API and a real registry."""

import pytest

from engine.command_line import SettingsError
from engine.github.api import Refused
from engine.images.github_package import GitHubPackage
from engine.images.image_shelves import Registry
from engine.tests.docker_registry import DockerRegistry

NAME = "ghcr.io/you/flight-delays"


def version(number: int, digest: str, *tags: str) -> dict:
    at = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
    return {"id": number, "name": digest, "metadata": {"container": {"tags": list(tags)}}} | at


@pytest.mark.parametrize("owner", ["User", "Organization"])
def test_an_image_goes_and_so_do_its_parts_but_none_of_another(github_api, docker_registry, owner):
    github_api.about["owner_type"] = owner
    registry = docker_registry.new_repository()
    parts = [docker_registry.push(registry) for _ in range(3)]
    kept = docker_registry.push_index(registry, "a-1", parts=(parts[0], parts[1]))
    gone = docker_registry.push_index(registry, "a-2", parts=(parts[1], parts[2]))
    github_api.packages["flight-delays"] = [
        version(1, kept, "a-1"),
        version(2, gone, "a-2", "a-3"),
        *(version(number, part) for number, part in enumerate(parts, 3)),
    ]
    package = GitHubPackage(NAME, github_api.environment(packages="write"), Registry(registry, {}))
    first, second = package.held()
    assert (second.tags, second.digest, package.pushed(second).year) == (("a-2", "a-3"), gone, 2026)
    package.delete(second)
    package.delete(second)
    (remnant,) = package.remnants([first])
    assert remnant.digest == parts[2]
    package.delete(remnant)
    assert package.remnants([first]) == []
    assert [each["id"] for each in github_api.packages["flight-delays"]] == [1, 3, 4]


def test_the_last_version_with_a_tag_stays(github_api, docker_registry: DockerRegistry, capsys):
    github_api.packages["flight-delays"] = [version(1, f"sha256:{'0' * 64}", "a-1")]
    package = GitHubPackage(NAME, github_api.environment(packages="write"))
    package.delete(package.held()[0])
    assert "GitHub keeps the last version that has a tag" in capsys.readouterr().err


def test_a_package_before_its_first_push_holds_nothing(github_api):
    package = GitHubPackage(NAME, github_api.environment(packages="write"))
    assert (package.held(), package.remnants([])) == ([], [])


def test_a_missing_right_to_delete_is_reported(github_api):
    versions = [version(number, f"sha256:{number:064}", f"a-{number}") for number in (1, 2)]
    github_api.packages["flight-delays"] = versions
    package = GitHubPackage(NAME, github_api.environment(packages="read"))
    with pytest.raises(Refused, match="grant the job packages: write"):
        package.delete(package.held()[0])
    with pytest.raises(SettingsError, match="expected a package of you/flight-delays's owner"):
        GitHubPackage("ghcr.io/them/model", github_api.environment(packages="write"))
