"""Tasks get the variables that the table says, and a misspelt name is recognized."""

import pytest

from engine.environment import VARIABLES, misspelt
from local_kfp.runner.task_environment import IN_CONTAINERS, PASSED_ON

CERTIFICATES = {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}
"""Paths of this machine, which a container does not have."""
LIKE_OTHERS = {"AWS_ENDPOINT_URL_S3", "GITHUB_REPOSITORY", "GITHUB_TOKEN"}
"""AWS and GitHub have variables whose names differ from these by two letters."""


@pytest.mark.parametrize("name", [name for name, entry in VARIABLES.items() if "task" in entry.readers])
def test_a_task_gets_what_it_reads(name: str) -> None:
    assert PASSED_ON.fullmatch(name)
    assert bool(IN_CONTAINERS.fullmatch(name)) == (name not in CERTIFICATES)


@pytest.mark.parametrize(
    "name", [name for name, entry in VARIABLES.items() if entry.secret and "task" not in entry.readers]
)
def test_a_task_gets_no_other_secret(name: str) -> None:
    assert not PASSED_ON.fullmatch(name)
    assert not IN_CONTAINERS.fullmatch(name)


@pytest.mark.parametrize("name", [name for name in VARIABLES if len(name) > 7 and name not in LIKE_OTHERS])
def test_a_name_with_a_wrong_letter_is_recognized(name: str) -> None:
    swapped = f"{name[:-2]}{name[-1]}{name[-2]}"
    for wrong in {swapped, name[:-1], f"{name}S", name.lower()} - {*VARIABLES}:
        assert misspelt([wrong])[wrong] in VARIABLES


def test_variables_of_other_programs_are_not_taken_for_misspelt_ones() -> None:
    others = (
        *("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_STS", "AWS_PROFILE", "AWS_SECURITY_TOKEN", "COLORTERM"),
        *("DOCKER_CONTEXT", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER", "KUBERNETES_SERVICE_HOST"),
        *("MKL_NUM_THREADS", "MODEL_REGISTRY_SERVICE_HOST", "SSL_CERT_DIR", "TERM_PROGRAM", "PATH"),
    )
    assert not misspelt((*others, *VARIABLES))
