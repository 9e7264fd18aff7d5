"""An endpoint with a model registry and results beside it, set as the variables and secrets of GitHub."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.images import images
from engine.sources import GitIndex
from engine.tests.project import ELSEWHERE, Project
from engine.tests.seaweedfs import SeaweedFS


@dataclass(frozen=True)
class Endpoint:
    project: Project
    variables: dict[str, str]
    secrets: dict[str, str]

    def stage(self, project: Project) -> None:
        """Have the images of a checkout where tasks are run, as if the endpoint had pulled them."""
        images.stage_all(GitIndex(project.root), root=self.project.root)

    def train(self, references: Path) -> None:
        """Make the model of the project's code the champion, with images by digest."""
        environment = self.variables | self.secrets
        for script in ("compile_pipelines", "deploy_pipelines", "train"):
            arguments = [] if script == "deploy_pipelines" else ["--images", str(references)]
            done = self.project.run(script, *arguments, **environment)
            assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running_endpoint(project: Project, seaweedfs: SeaweedFS) -> Iterator[Endpoint]:
    """A local KFP server of `project`, for anyone who has the variables and secrets."""
    access = seaweedfs.environment("admin")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    here = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    server = subprocess.Popen(
        [sys.executable, "-m", "local_kfp", "--with-parent"],
        cwd=project.root,
        env=here | access,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        store = seaweedfs.new_folder()
        variables = {
            "KUBEFLOW_HOST": server.stdout.readline().removeprefix("listening on ").strip(),
            "MODEL_REGISTRY_URI": f"{store}/models",
            "RESULTS_URI": f"{store}/results",
            "AWS_ENDPOINT_URL": access["AWS_ENDPOINT_URL"],
            "AWS_REGION": access["AWS_DEFAULT_REGION"],
        }
        endpoint = Endpoint(project, variables, {name: access[name] for name in keys})
        endpoint.stage(project)
        try:
            yield endpoint
        finally:
            server.terminate()
