"""Mode token: the bearer token in KUBEFLOW_TOKEN."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from engine.access.entrance import Entrance, Environment
from engine.access.tokens import GivenToken
from engine.command_line import SettingsError


@contextmanager
def enter(host: str, environment: Environment) -> Iterator[Entrance]:
    yield Entrance(host, checked_token(environment.get("KUBEFLOW_TOKEN", "")))


def checked_token(token: str) -> GivenToken:
    if not re.fullmatch(r"[!-~]+", token):  # and never the token itself in an error
        problem = "white space or other characters in it" if token else "none"
        raise SettingsError(f"KUBEFLOW_TOKEN: expected a token, found {problem}")
    return GivenToken(token)
