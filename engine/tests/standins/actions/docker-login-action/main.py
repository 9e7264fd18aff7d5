"""Log in to a registry that is asked whether it knows the user; forgotten when the job ends."""

import base64
import json
import os
from pathlib import Path

import requests

from engine.tests.standins.actions.standin import Inputs, RefusedError, append, only, run

DOCKER_HUB = "https://index.docker.io/v1/"


def log_in(inputs: Inputs) -> None:
    only(inputs, "registry", "username", "password", "logout")
    user, password = exchanged(inputs)
    if not (user and password):
        missing = [name.capitalize() for name in ("username", "password") if not inputs[name]]
        raise RefusedError(f"{' and '.join(missing)} required")
    registry = inputs["registry"] or "docker.io"
    if registry.startswith(("127.0.0.1:", "localhost:")):
        answer = requests.get(f"http://{registry}/v2/", auth=(user, password), timeout=10)
        if not answer.ok:
            raise RefusedError(f"Error response from daemon: login attempt failed: {answer.status_code}")
    logins = Path(os.environ.get("DOCKER_CONFIG") or Path(os.environ["RUNNER_TEMP"], "docker"), "config.json")
    logins.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(logins.read_text()) if logins.exists() else {"auths": {}}
    key = DOCKER_HUB if registry == "docker.io" else registry
    known["auths"][key] = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    logins.write_text(json.dumps(known))
    append("GITHUB_ENV", f"DOCKER_CONFIG={logins.parent}")


def exchanged(inputs: Inputs) -> tuple[str, str]:
    """User and password: those that are given, or what Docker Hub and ECR give for an identity."""
    user, password, registry = inputs["username"], inputs["password"], inputs["registry"]
    if not registry and not password and (connection := os.environ.get("DOCKERHUB_OIDC_CONNECTIONID")):
        return user, f"token-of-{connection}"
    if ".dkr.ecr." in registry and not user and os.environ.get("AWS_SESSION_TOKEN"):
        return "AWS", f"token-of-{os.environ['AWS_ACCESS_KEY_ID']}"
    return user, password


if __name__ == "__main__":
    run(log_in)
