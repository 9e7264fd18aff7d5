"""Pin the newest version of each action that workflows use."""

import re
import subprocess
from pathlib import Path

from engine.command_line import WorldError, parser, run
from engine.update.pins import ACTION
from engine.update.record import numbers

TAG = re.compile(r"(?P<commit>[0-9a-f]{40})\trefs/tags/(?P<version>v\d+\.\d+\.\d+)(?P<peeled>\^\{\})?")


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument("--server", default="https://github.com", metavar="URL", help="default: %(default)s")
    options.add_argument("--dry-run", action="store_true", help="change nothing")
    arguments = options.parse_args()

    files = {file: file.read_text() for file in sorted(Path(".github").rglob("*.yml"))}
    pins = {match["name"]: match["pin"] for text in files.values() for match in ACTION.finditer(text)}
    newest = {name: newest_pin(arguments.server, name, pin) for name, pin in pins.items()}
    for name, pin in newest.items():
        if pin != pins[name]:
            print(f"{name}: {pins[name].partition('# ')[2]} -> {pin.partition('# ')[2]}")
    for file, text in files.items():
        if not arguments.dry_run:
            file.write_text(ACTION.sub(lambda match: match["before"] + newest[match["name"]], text))


def newest_pin(server: str, name: str, pin: str) -> str:
    """Commit and version of the newest release; the pin as it is if that is at least as new."""
    command = ["git", "ls-remote", "--tags", f"{server}/{name}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise WorldError(f"{server}/{name}: expected its tags, found: {reason}")
    commits: dict[str, str] = {}
    for tag in TAG.finditer(done.stdout):  # an annotated tag's commit follows it
        commits[tag["version"]] = tag["commit"]
    newest = max([*commits, pin.partition("# ")[2]], key=numbers)
    return f"{commits[newest]} # {newest}" if newest in commits else pin


if __name__ == "__main__":
    run(main)
