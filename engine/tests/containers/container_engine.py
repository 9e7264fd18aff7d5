"""Podman and buildah with no daemon and an image store of their own, as root on a machine or in a sandbox."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
STORE = CACHE / "kubeflow-ci-cd-ct-template/containers"
TOOLS = ("podman", "buildah", "crun")
MAKE_BASE = Path(__file__).parents[1] / "standins/make_python_base.sh"

# Sandboxes refuse higher limits, control groups and bridges, and none of them is what the suite is about.
CONTAINERS_CONF = """
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
tmp_dir = "{run}/libpod"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{home}/images"
runroot = "{run}"
"""
# Keeps the store's mounts from the machine, and from crun a hierarchy of control groups that it cannot use.
IN_NAMESPACE = """
if mountpoint --quiet /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
exec "$@"
"""


class Engine:
    """An image store under `home`, whose layers serve the next session too."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        # Short, or podman cannot open its sockets there and waits 20 s for each container to end.
        run = f"/run/mlops-{hashlib.sha256(bytes(home)).hexdigest()[:8]}"
        self._environment = dict(os.environ)
        for variable, text in (
            ("CONTAINERS_CONF", CONTAINERS_CONF),
            ("CONTAINERS_STORAGE_CONF", STORAGE_CONF),
        ):
            file = home / f"{variable.lower()}.toml"
            write(file, text.format(home=home, run=run))
            self._environment[variable] = str(file)
        self._pip_conf = home / "pip.conf"
        write(self._pip_conf, pip_configuration())

    def start(self, *words: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start a command of the store, with the options of `subprocess.Popen`."""
        in_namespace = ["unshare", "--mount", "sh", "-c", IN_NAMESPACE, "sh"]
        return subprocess.Popen([*in_namespace, *words], env=self._environment, text=True, **options)

    def run(self, *words: str | Path, stdin: Any = subprocess.DEVNULL) -> str:
        """What a command of the store prints; that is the error if it fails."""
        with self.start(*words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit status {process.returncode}\n{output}")
        return output

    def has(self, reference: str) -> bool:
        return self.start("podman", "image", "exists", reference).wait() == 0

    def tidy(self) -> None:
        """Keep the store from growing, and the base from growing old."""
        self.run("podman", "container", "prune", "--force", "--filter=until=1h")
        self.run("podman", "image", "prune", "--all", "--force", "--filter=until=168h")

    def build(self, context: Path, dockerfile: Path, reference: str) -> None:
        """Build and tag an image as `docker build` would, with what this machine knows of pip."""
        base = re.search(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)[1]
        mounts = [f"{self._pip_conf}:/etc/pip.conf:ro", "/etc/ssl/certs:/etc/ssl/certs:ro"]
        self.run(
            *("buildah", "bud", "--isolation=chroot", "--network=host", "--layers", "--pull-never"),
            *(f"--volume={mount}" for mount in mounts),
            *(f"--from={self._base(base)}", f"--file={dockerfile}", f"--tag={reference}", context),
        )

    def _base(self, pinned: str) -> str:
        """The image that a Dockerfile starts from, or its stand-in if no image can be pulled."""
        standin = f"localhost/standin:{hashlib.sha256(MAKE_BASE.read_bytes()).hexdigest()[:16]}"
        for present in (pinned, standin):
            if self.has(present):
                return present
        if self.start("podman", "pull", "--quiet", pinned).wait() == 0:
            return pinned
        with tempfile.TemporaryFile() as tar:
            subprocess.run([MAKE_BASE], check=True, stdout=tar)
            tar.seek(0)
            self.run("podman", "import", "-", standin, stdin=tar)
        return standin

    @contextmanager
    def serve(self, socket: Path) -> Iterator[str]:
        """Docker's API on a Unix socket, as a value of DOCKER_HOST."""
        address = f"unix://{socket}"
        service = self.start("podman", "system", "service", "--time=0", address)
        try:
            while not socket.exists():
                assert service.poll() is None, f"expected a service at {address}, found it ended"
                time.sleep(0.05)
            yield address
        finally:
            service.terminate()
            service.wait()


def write(file: Path, text: str) -> None:
    """Leave alone what is written already: another engine may be reading it."""
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def pip_configuration() -> str:
    """All settings of this machine's pip as one pip.conf, whichever file or variable they come from."""
    pip = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, check=True, capture_output=True, text=True).stdout
    settings = dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""])
