"""An endpoint whose runs do what their parameter says, and what stands on it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kfp import compiler, dsl

from engine.kubeflow import kfp_lists, runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.uploads import PipelineVersion, upload
from local_kfp.tests.in_process import InProcessServer, wait_until


@cache
def text() -> str:
    """A compiled pipeline whose parameter tells the stand-in of a run's process what to do."""

    @dsl.container_component
    def obey(behave: str) -> dsl.ContainerSpec:
        return dsl.ContainerSpec("localhost/mlops:obey-0123456789abcdef", ["obey"], [behave])

    @dsl.pipeline(name="obeying")
    def obeying(behave: str = "succeed", results_uri: str = "") -> None:
        obey(behave=behave)

    with TemporaryDirectory() as folder:
        compiler.Compiler().compile(obeying, f"{folder}/obeying.yaml")
        return Path(folder, "obeying.yaml").read_text()


class Kubeflow:
    def __init__(self, server: InProcessServer, folder: Path):
        self.server, self.url, self._folder = server, server.url, folder
        self.client = open_client(server.url)

    def upload(self, pipeline: str, version_name: str | None = None, content: str = "") -> PipelineVersion:
        path = self._folder / "pipeline.yaml"
        path.write_text(f"{text()}# {content}\n")
        return upload(self.client, path, version_name, pipeline)

    def start(self, version: PipelineVersion, name: str, behave: str = "succeed") -> str:
        """The id of a run that has got as far as it gets: to its end, or to where it hangs."""
        run_id = runs.start(self.client, version, name, {"behave": behave})
        reached = ("RUNNING",) if behave == "hang" else runs.FINAL
        wait_until(lambda: self.client.get_run(run_id).state in reached)
        return run_id

    def names(self) -> dict[str, list[str]]:
        """Of all that there is."""
        there = {
            "runs": kfp_lists.runs(self.client, ""),
            "experiments": kfp_lists.experiments(self.client, ""),
            "pipelines": kfp_lists.pipelines(self.client, ""),
        }
        return {kind: sorted(map(_name, found)) for kind, found in there.items()}

    def versions(self, pipeline_id: str) -> list[str]:
        """Newest first."""
        return [each.display_name for each in kfp_lists.versions(self.client, pipeline_id)]


def _name(each: Any) -> str:
    return each.display_name
