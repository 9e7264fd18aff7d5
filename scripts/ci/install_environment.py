"""Install the locked requirements without a cache, by the locked uv, which takes a tenth of pip's time."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.command_line import SettingsError, WorldError, parser, run
from engine.github.step import add_path

ROOT = Path(__file__).resolve().parents[2]
UV = re.compile(r"(?m)^uv==.*\\\n(    --hash=.*\n)+")


def main() -> None:
    parser(__doc__).parse_args()
    environment, lock = ROOT / ".venv", ROOT / "requirements.txt"
    uv = UV.search(lock.read_text())
    if not uv:
        raise SettingsError(f"{lock}: expected a locked uv with its hashes, found none; run make lock")
    call(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = str(environment / "bin/python")
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "uv.txt"
        alone.write_text(uv[0])
        pip = ("-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check")
        call(sys.executable, *pip, "--no-compile", "--require-hashes", "--requirement", str(alone))
    sync = (
        str(environment / "bin/uv"),
        "--quiet",
        "--system-certs",
        "pip",
        "sync",
        "--no-cache",
        "--require-hashes",
    )
    call(*sync, "--python", python, str(lock))
    (environment / "installed").touch()
    add_path(environment / "bin")


def call(*command: str) -> None:
    if subprocess.run(command).returncode:
        raise WorldError(f"{Path(command[0]).name} could not install the requirements; see its message above")


if __name__ == "__main__":
    run(main)
