"""As whom image registries are read: the environment's credentials, or those that `docker login` left."""

import base64
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.command_line import SettingsError, WorldError

DOCKER_HUB_IN_CONFIG = "https://index.docker.io/v1/"
ECR = re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")
HELPER_SECONDS = 60
Login = tuple[str, str]


def credentials(host: str, environment: Mapping[str, str]) -> Login | None:
    """User and password for `host`, or None: then it is read without a login."""
    user, token = environment.get("DOCKERHUB_USERNAME"), environment.get("DOCKERHUB_TOKEN")
    if host == "docker.io" and user and token:
        return user, token
    user, token = environment.get("IMAGE_REGISTRY_USERNAME"), environment.get("IMAGE_REGISTRY_PASSWORD")
    if host == environment.get("IMAGE_REGISTRY") and user and token:
        return user, token
    if host == github_registry(environment) and environment.get("GITHUB_TOKEN"):
        return environment.get("GITHUB_ACTOR") or "token", environment["GITHUB_TOKEN"]
    saved = _logged_in(DOCKER_HUB_IN_CONFIG if host == "docker.io" else host, environment)
    return saved or _of_ecr(host)


def github_registry(environment: Mapping[str, str]) -> str:
    """The container registry of the GitHub, or GitHub Enterprise, that has the repository."""
    server = urlsplit(environment.get("GITHUB_SERVER_URL", "")).hostname or "github.com"
    return "ghcr.io" if server == "github.com" else f"containers.{server}"


def _logged_in(key: str, environment: Mapping[str, str]) -> Login | None:
    folder = environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/"), ".docker")
    path = Path(folder, "config.json")
    try:
        config: dict[str, Any] = json.loads(path.read_bytes())
        helper = config.get("credHelpers", {}).get(key) or config.get("credsStore")
        auth = config.get("auths", {}).get(key, {}).get("auth")
        user, separator, password = base64.b64decode(auth or "", validate=True).decode().partition(":")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, TypeError):  # not the content, which is secret
        raise SettingsError(f"{path}: expected what docker login writes, found another document") from None
    if separator:
        return user, password
    return _from_helper(str(helper), key, environment) if helper else None


def _from_helper(helper: str, key: str, environment: Mapping[str, str]) -> Login | None:
    """What `docker-credential-<helper>` has for a registry; None if it has nothing."""
    command = f"docker-credential-{helper}"
    try:
        ended = subprocess.run(
            [command, "get"],
            input=key,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except (FileNotFoundError, PermissionError):
        raise SettingsError(
            f"{key}: expected the program {command} of Docker's config.json, found none"
        ) from None
    except subprocess.TimeoutExpired:
        raise WorldError(
            f"{key}: expected an answer of {command}, found none in {HELPER_SECONDS} s"
        ) from None
    if ended.returncode:
        if "credentials not found" in ended.stdout.lower():
            return None
        raise WorldError(f"{key}: expected credentials of {command}, found exit status {ended.returncode}")
    try:
        answer = json.loads(ended.stdout)
        return str(answer["Username"]), str(answer["Secret"])
    except (ValueError, LookupError, TypeError):  # not the content, which is secret
        raise WorldError(
            f"{key}: expected Username and Secret of {command}, found another document"
        ) from None


def _of_ecr(host: str) -> Login | None:
    """The login that ECR gives for the AWS keys at hand; None for another host or without keys."""
    match = ECR.fullmatch(host)
    if not match:
        return None
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        client = boto3.Session().client("ecr", region_name=match["region"])
        token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    except NoCredentialsError:
        return None
    except (BotoCoreError, ClientError) as error:
        raise WorldError(f"{host}: expected a token of ECR, found {error}") from None
    user, _, password = base64.b64decode(token).decode().partition(":")
    return user, password
