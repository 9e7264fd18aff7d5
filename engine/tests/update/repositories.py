"""A made-up template with three releases, and copies of it that belong to a user."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts/update.py"
TESTS = f"{sys.executable} -m unittest --quiet tests.test_own"
OLD_PIN, NEW_PIN, USERS_PIN = (
    f"{digit * 40} # v{version}" for digit, version in (("1", "7.0.0"), ("2", "7.1.0"), ("3", "8.0.0"))
)
RELEASED = ".github/release.sha256"
OLD_BASE, NEW_BASE = (f"python:3.11-slim@sha256:{digit * 64}" for digit in "12")
MOVES = {
    "modules": {
        "components.shared.tables": "engine.tables",
        "components.shared.columns": "engine.tables.columns",
        "scripts.lib": "engine.settings",
    },
    "paths": {
        "components/shared/tables.py": "engine/tables/__init__.py",
        "components/shared/columns.py": "engine/tables/columns.py",
        "scripts/lib": "engine/settings",
    },
}


@dataclass(frozen=True)
class Repository:
    root: Path

    def git(self, *words: str | Path) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (self.root / name).write_text(text.replace(old, new))

    def commit(self, message: str = "A step") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def initialise(self) -> str:
        self.git("init", "--quiet", "--initial-branch", "master")
        return self.commit("The first commit")

    def text(self, commit: str, name: str) -> str:
        return self.git("show", f"{commit}:{name}")

    def record(self, commit: str) -> dict[str, str]:
        return json.loads(self.text(commit, ".github/template.json"))

    def extract(self, commit: str, folder: Path) -> "Repository":
        """The files of a commit, as GitHub's button and its archives give them, in no repository yet."""
        archive = subprocess.run(["git", "archive", commit], cwd=self.root, capture_output=True, check=True)
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(folder)
        return Repository(folder)


@dataclass(frozen=True)
class Copy(Repository):
    template: Repository

    def update(
        self, *words: str, script: Path = SCRIPT, tests: str = TESTS, path: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the updater as a downloaded file; `path` holds a git of its own."""
        return subprocess.run(self.command(*words, script=script, tests=tests), **self.options(path))

    def command(self, *words: str, script: Path = SCRIPT, tests: str = TESTS) -> list[str]:
        named = ("--template", str(self.template.root)) if "--template" not in words else ()
        return [sys.executable, str(script), *named, "--lock", LOCK, "--tests", tests, *words]

    def options(self, path: Path | None = None) -> dict:
        search = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
        return {
            "cwd": self.root,
            "env": environment() | {"PATH": search},
            "capture_output": True,
            "text": True,
            "stdin": subprocess.DEVNULL,
        }

    @property
    def branches(self) -> list[str]:
        return self.git("branch", "--format=%(refname:short)", "--list", "template-update-*").splitlines()

    def state(self) -> tuple[str, ...]:
        """What an update must not touch."""
        return tuple(
            self.git(*words.split()) for words in ("symbolic-ref HEAD", "rev-parse HEAD", "status --short")
        )


LOCK = f"{sys.executable} lock.py"


def environment() -> dict[str, str]:
    """A person's, with no settings of this machine."""
    person = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    return kept | person | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def locked(**versions: str) -> str:
    return "".join(
        f"{name}=={version} \\\n    --hash=sha256:{version}\n" for name, version in versions.items()
    )


def about(version: str, changes: str) -> dict[str, str]:
    return {
        "pyproject.toml": f'[project]\nname = "template"\nversion = "{version}"\ndependencies = ["numpy"]\n',
        ".github/template.json": json.dumps({"template": "", "version": version, "commit": ""}),
        "CHANGELOG.md": changes,
    }


def first_release() -> dict[str, str]:
    """1.0.0, which has no updater yet."""
    docker = (
        f"FROM {OLD_BASE}\nCOPY components/shared/tables.py \\\n     components/shared/columns.py \\\n"
        "     components/shared/\nCOPY components/load_data/main.py components/load_data/\nUSER 1000\n"
    )
    return about("1.0.0", "# Changes\n\n## 1.0.0\n\nThe first.\n") | {
        ".gitignore": "build/\n__pycache__/\n",
        ".github/workflows/pr.yml": f"steps:\n  - uses: actions/checkout@{OLD_PIN}\n  - run: make test\n",
        "Makefile": "test:\n\tpython -m unittest\n",
        "lock.py": "open('requirements.txt', 'a').write('# locked again\\n')\n",
        "mlops.yaml": "model: flights\nwindow: 7\nseed: 1\n",
        "requirements.txt": locked(numpy="2.0", pandas="2.0", scipy="1.0"),
        "components/build_features/features.py": "def features():\n    return 'flights'\n",
        "components/shared/tables.py": (
            "from components.shared import columns\n\n\ndef read():\n    return columns.NAMES\n"
        ),
        "components/shared/columns.py": "NAMES = ['day']\n",
        "components/load_data/main.py": "from components.shared import tables\n\nprint(tables.read())\n",
        "components/load_data/Dockerfile": docker,
        "components/load_data/requirements.in": "numpy\n",
        "components/load_data/requirements.txt": locked(numpy="2.0"),
        "scripts/lib/settings.py": "def read():\n    return {'window': 7}\n",
        "scripts/train.py": "from scripts.lib import settings\n\nprint(settings.read())\n",
        "pipelines/training.py": "from components.load_data import main\n",
        "docs/page.md": "One line.\nAnother line.\nA third line.\n",
    }


def make_template(root: Path) -> Repository:
    """1.0.0; 1.1.0, which brings the updater and newer pins; and 2.0.0, which moves what others import."""
    template = Repository(root)
    template.write(first_release())
    template.initialise()
    template.git("tag", "v1.0.0")
    template.write({"docs/page.md": "One line.\nAnother line, changed between releases.\nA third line.\n"})
    template.commit("Change a line between releases")
    _second_release(template)
    _third_release(template)
    return template


def _second_release(template: Repository) -> None:
    shutil.copytree(
        ROOT / "engine/update",
        template.root / "engine/update",
        ignore=shutil.ignore_patterns("*.json", "__pycache__"),
    )
    template.write({"scripts/update.py": SCRIPT.read_text()})
    template.edit(".github/workflows/pr.yml", OLD_PIN, NEW_PIN)
    template.edit("components/load_data/Dockerfile", OLD_BASE, NEW_BASE)
    template.edit("mlops.yaml", "window: 7", "window: 14")
    template.write({RELEASED: "11  scripts/update.py\n"})
    template.write(about("1.1.0", "# Changes\n\n## 1.1.0\n\nNewer pins.\n\n## 1.0.0\n\nThe first.\n"))
    template.write({"requirements.txt": locked(numpy="2.1", pandas="2.1", scipy="1.0")})
    template.write({"components/load_data/requirements.txt": locked(numpy="2.1")})
    template.commit("Release 1.1.0")
    template.git("tag", "v1.1.0")


def _third_release(template: Repository) -> None:
    for old, new in MOVES["paths"].items():
        (template.root / new).parent.mkdir(parents=True, exist_ok=True)
        template.git("mv", old, new)
    template.edit("engine/tables/__init__.py", "components.shared", "engine.tables")
    template.edit("components/load_data/main.py", "from components.shared", "from engine")
    template.edit("scripts/train.py", "from scripts.lib", "from engine.settings")
    template.write({"engine/update/migrations/2.0.0.json": json.dumps(MOVES)})
    changes = (template.root / "CHANGELOG.md").read_text()
    newest = "# Changes\n\n## 2.0.0\n\nA tree with two owners.\n"
    template.write(about("2.0.0", changes.replace("# Changes\n", newest)))
    template.commit("Release 2.0.0")
    template.git("tag", "v2.0.0")


def users_work() -> dict[str, str]:
    """A component, a script, a helper, a pipeline and a test of the user's own, written for 1.0.0."""
    return {
        "components/check_rows/main.py": (
            "import components.shared.tables\nfrom components.shared import columns, tables as own\n\n\n"
            "def check():\n    return components.shared.tables.read() == own.read() == columns.NAMES\n"
        ),
        "components/check_rows/Dockerfile": (
            f"FROM {OLD_BASE}\nCOPY components/shared/tables.py components/shared/\n"
            "COPY components/shared/columns.py components/shared/\n"
            "COPY components/check_rows components/check_rows\nUSER 1000\n"
        ),
        "scripts/lib/days.py": (
            "from scripts.lib.settings import read\n\n\ndef days():\n    return read()['window']\n"
        ),
        "scripts/show_days.py": (
            "from scripts.lib import days, settings\n\nSHOWN = days.days(), settings.read()\n"
        ),
        "pipelines/nightly.py": "from components.check_rows import main\n\nCHECKED = main.check()\n",
        ".github/workflows/own.yml": f"steps:\n  - uses: actions/checkout@{OLD_PIN}\n",
        "tests/test_own.py": (
            "import unittest\nfrom pathlib import Path\nfrom unittest.mock import patch\n\n"
            "from pipelines import nightly\nfrom scripts import show_days\n\n\n"
            "class Test(unittest.TestCase):\n    def test_all(self):\n"
            "        self.assertTrue(nightly.CHECKED)\n"
            "        self.assertEqual(show_days.SHOWN, (7, {'window': 7}))\n"
            "        with patch('components.shared.tables.read'):\n"
            "            self.assertTrue(Path('components/shared/columns.py').exists())\n"
        ),
    }
