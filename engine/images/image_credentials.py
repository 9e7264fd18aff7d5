"""As whom image repositories are read: the environment's credentials, or those that `docker login` left."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from engine.command_line import SettingsError

DOCKER_HUB_IN_CONFIG = "https://index.docker.io/v1/"


def credentials(host: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """User and password for `host`, or None: then it is read without a login."""
    user, token = environment.get("DOCKERHUB_USERNAME"), environment.get("DOCKERHUB_TOKEN")
    if host == "docker.io" and user and token:
        return user, token
    if host == "ghcr.io" and environment.get("GITHUB_TOKEN"):
        return environment.get("GITHUB_ACTOR") or "token", environment["GITHUB_TOKEN"]
    return _logged_in(DOCKER_HUB_IN_CONFIG if host == "docker.io" else host, environment)


def _logged_in(key: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    folder = environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/"), ".docker")
    path = Path(folder, "config.json")
    try:
        auth = json.loads(path.read_bytes()).get("auths", {}).get(key, {}).get("auth")
        user, separator, password = base64.b64decode(auth or "", validate=True).decode().partition(":")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, TypeError):  # not the content, which is secret
        raise SettingsError(f"{path}: expected what docker login writes, found another document") from None
    return (user, password) if separator else None
