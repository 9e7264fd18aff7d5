"""Serve the current champion on this machine with the cluster's model server, until Ctrl-C."""

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine import command_line
from engine.command_line import Finding, SettingsError, WorldError
from engine.kserve import golden_requests as golden

if TYPE_CHECKING:
    from engine.documents.golden import Request
    from engine.documents.version import Version
    from engine.model_registry.model_registry import ModelRegistry

ROOT = Path(__file__).resolve().parents[1]
FOLLOW_SECONDS = 5
LOG = ROOT / "build" / "serve" / "server.log"


def main() -> int:
    parser = command_line.parser(__doc__)
    parser.add_argument("--port", type=int, default=8080, help="of HTTP (default: %(default)s)")
    arguments = parser.parse_args()

    from engine.command_line.signals import sigterm_exits
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.settings.settings import load

    settings = load(ROOT / "mlops.yaml")
    registry = ModelRegistry(model_registry_uri(ROOT), settings.model)
    champion = registry.champion()
    if not champion:
        raise SettingsError(
            f"{settings.model}: expected a champion in {registry.documents.uri}, found none:"
            " make gate, make promote"
        )
    with sigterm_exits():
        while champion:
            with tempfile.TemporaryDirectory() as folder:
                champion = serve(registry, champion, Path(folder), arguments)
    return 0


def serve(
    registry: "ModelRegistry", champion: "Version", folder: Path, arguments: argparse.Namespace
) -> "Version | None":
    """The champion that takes over from the one that is served until then; None after Ctrl-C."""
    from engine.serving.model_server import environment_of, running

    name, sha256 = registry.name, champion["model_sha256"]
    requests = registry.golden(champion["version"])
    registry.fetch(champion["version"], folder)
    print(f"starting the server of {name} {champion['version']}; its log: {LOG}", flush=True)
    code, python = environment_of(ROOT, champion, registry)  # which at first takes a minute to install
    columns = champion["feature_settings"]["columns"]
    with running(code, python, name, folder, sha256, arguments.port, LOG, columns) as server:
        server.wait_until_ready()
        if wrong := golden.differences(requests, server.infer(requests["request"])):
            raise Finding("expected the model's own answers, found others: " + "; ".join(wrong))
        print(f"ready at {server.url}, and it answers as the model does; Ctrl-C ends it. To try it:\n")
        print(f"{curl(server.infer_url, requests['request'])}\n", flush=True)
        try:
            while not (newer := other_champion(registry, champion)):
                server.watch(FOLLOW_SECONDS)
        except KeyboardInterrupt:
            print("ending", file=sys.stderr)
            return None
    print(f"the champion is now {newer['version']}, which is served in place of {champion['version']}")
    return newer


def other_champion(registry: "ModelRegistry", served: "Version") -> "Version | None":
    """The champion if it is not `served` any more; a registry that cannot be read ends no server."""
    try:
        champion = registry.champion()
    except WorldError as error:
        print(f"{error}; {served['version']} stays served", file=sys.stderr)
        return None
    return champion if champion and champion["version"] != served["version"] else None


def curl(url: str, request: "Request") -> str:
    """The command that asks about the first row of `request`."""
    row = [{**tensor, "shape": [1, 1], "data": tensor["data"][:1]} for tensor in request["inputs"]]
    body = json.dumps({**request, "inputs": row})
    return f"curl --silent {url} --header 'Content-Type: application/json' --data {shlex.quote(body)}"


if __name__ == "__main__":
    command_line.run(main)
