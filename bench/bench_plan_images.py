"""Name 200 components' images, beside `git ls-files -s | sha256sum`, and look them up in a registry."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine import command_line
from engine.images.image_repository import ImageRepository
from engine.images.images import name_all
from engine.sources import GitIndex
from engine.tests.docker_registry import running_registry

COMPONENTS, ROUNDS = 200, 15


def make_project(root: Path) -> None:
    """Components of five files each with a test, ten shared modules, and documents that no image copies."""
    shared = [f"components/shared/part_{number}.py" for number in range(10)]
    files = {path: f"PART = {path!r}\n" * 100 for path in shared}
    for number in range(COMPONENTS):
        name = f"component_{number:03d}"
        folder = f"components/{name}"
        copied = f"{shared[number % 10]} {shared[(number + 3) % 10]}"
        files[f"{folder}/Dockerfile"] = (
            f"FROM docker.io/library/python:3.11-slim@sha256:{'0' * 64}\nWORKDIR /app\n"
            f"COPY {folder}/requirements.txt {folder}/\n"
            f"RUN pip install --no-cache-dir --require-hashes -r {folder}/requirements.txt\n"
            f"COPY {copied} components/shared/\nCOPY {folder}/main.py {folder}/\nUSER 1000\n"
        )
        files[f"{folder}/requirements.txt"] = f"# {name}\n" + f"numpy==1 --hash=sha256:{'0' * 64}\n" * 100
        files[f"{folder}/requirements.in"] = "numpy\n"
        for path in (f"{folder}/main.py", f"{folder}/component.py", f"tests/components/test_{name}.py"):
            files[path] = f"# {path}\n" * 100
    files |= {f"docs/{number}.md": f"{number}\n" for number in range(100)}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for words in (("init", "-q"), ("add", "."), ("repack", "-q", "-a", "-d")):
        subprocess.run(["git", *words], cwd=root, check=True)


def milliseconds(work: Callable[[], object]) -> float:
    """The best of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return min(taken)


def main() -> None:
    command_line.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "project")
        make_project(root)
        with running_registry(Path(folder)) as registry:
            repository = registry.new_repository()
            tags = [image.tag for image in name_all(GitIndex(root), repository).values()]
            registry.push(repository, *tags[1:])
            git = ["sh", "-c", "git ls-files -s | sha256sum"]
            listing = milliseconds(lambda: subprocess.run(git, cwd=root, capture_output=True, check=True))
            naming = milliseconds(lambda: name_all(GitIndex(root), repository))
            listed = milliseconds(lambda: set(ImageRepository(repository).tags()))
            look_ups = milliseconds(lambda: ImageRepository(repository).digests(tags))
            command = ["python", "-m", "scripts.ci.plan_images", "--repository", repository]
            environment = {"PATH": f"{Path.cwd()}/.venv/bin:/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())}
            whole = milliseconds(
                lambda: subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
            )
    print(f"git ls-files -s | sha256sum      {listing:7.1f} ms")
    print(f"naming {COMPONENTS} images                {naming:7.1f} ms  {naming / listing:.1f}x")
    print(f"one list of all tags             {listed:7.1f} ms")
    print(f"one round of {COMPONENTS} look-ups        {look_ups:7.1f} ms")
    print(f"plan_images as a command         {whole:7.1f} ms")


if __name__ == "__main__":
    command_line.run(main)
