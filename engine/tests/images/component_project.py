"""A project with one component, in git."""

import subprocess
from pathlib import Path

DOCKERFILE = """\
FROM docker.io/library/python@sha256:1234
# COPY nothing/of/this .
COPY --chown=1000 components/load_data/requirements.txt ./
COPY --from=builder /opt /opt
copy components/shared/storage.py \\
     # a comment amid an instruction
     components/shared/clock.py components/shared/
COPY ./components/load_data/ components/load_data/
"""
FILES = {
    "components/load_data/Dockerfile": DOCKERFILE,
    "components/load_data/requirements.txt": "numpy==1\n",
    "components/load_data/main.py": "print('data')\n",
    "components/load_data/start.sh": "#!/bin/sh\n",
    "components/shared/storage.py": "STORE = 1\n",
    "components/shared/clock.py": "CLOCK = 1\n",
    "components/shared/unused.py": "",
    "README.md": "",
    ".gitignore": "__pycache__/\n.mlops/\n",
}
COPIED = {path for path in FILES if path.startswith("components/")} - {"components/shared/unused.py"}


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    return subprocess.check_output(["git", *who, *arguments], cwd=root, text=True).strip()


def new_project(root: Path) -> Path:
    """The project in `root`, with one commit."""
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "components/load_data/start.sh").chmod(0o755)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def staged_files(path: Path) -> set[str]:
    return {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}
