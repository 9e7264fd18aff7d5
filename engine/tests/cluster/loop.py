"""The life of a model on a cluster, by the commands that users and workflows run."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Any

import yaml

from engine.command_line import Finding, SettingsError
from engine.gate.model_code import SETTINGS_FILE
from engine.images import images
from engine.images.image_repository import ImageRepository
from engine.kubeflow import kfp_lists, runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.kfp_client import Client
from engine.model_registry.model_registry import ModelRegistry
from engine.sources import GitIndex
from engine.stores import storage
from engine.tests.cluster.place import Place
from engine.tests.containers.container_engine import Engine
from engine.tests.project import Project

PIPELINES = ("candidate", "evaluation", "inference", "judgement", "monitoring", "preparation", "training")
FIRST_DAY, LATER_DAY = "2013-05-02", "2013-06-02"
STEP_SECONDS = 3600
SCHEDULE_SECONDS = 900
WEAK, STRONG, WEAKER = 3, 100, 1
"""Iterations of the first model, of the one that replaces it, and of the one that must not."""


class Loop:
    def __init__(self, place: Place, project: Project, engine: Engine, model: str) -> None:
        self.place, self.project, self.engine, self.model = place, project, engine, model
        self.pushed: list[str] = []
        """Digests of the images that were not there before."""

    @property
    def steps(self) -> dict[str, Callable[[], str]]:
        """By name, in order; each answers with what it saw, and raises where that is not as it must be."""
        return {
            "build and push the images": self.build,
            "deploy, twice": self.deploy,
            "train the first champion": self.train_first,
            "lose a gate": self.lose,
            "win a gate": self.win,
            "promote the better model": self.promote,
            "predict a day": self.predict,
            "monitor, and train in the run": self.monitor,
            "run on a schedule": self.schedule,
            "roll back": self.roll_back,
        }

    @cached_property
    def client(self) -> Client:
        environment = self.place.environment
        return open_client(
            environment["KUBEFLOW_HOST"],
            environment.get("KUBEFLOW_TOKEN", ""),
            environment.get("KUBEFLOW_NAMESPACE", ""),
        )

    @property
    def champion(self) -> str:
        registry = ModelRegistry(self.place.environment["MODEL_REGISTRY_URI"], self.model)
        found = registry.champion()
        return found["version"] if found else ""

    def expect_unused(self) -> None:
        """Pipelines and their recurring runs go by the project's names, which another model may have."""
        for name in PIPELINES:
            if kfp_lists.pipelines(self.client, name) or kfp_lists.experiments(self.client, name):
                raise SettingsError(
                    f"{self.client.host}: expected a namespace without this project, found {name} in it"
                )

    def prepare(self) -> str:
        """The demo, its tables in the store."""
        settings: dict[str, Any] = yaml.safe_load((self.project.root / SETTINGS_FILE).read_text())
        for table in settings["data"]["tables"].values():
            folder = self.project.root / table["uri"]
            table["uri"] = f"{self.place.store_uri}/data/{folder.name}"
            for file in folder.iterdir():
                storage.write_bytes(f"{table['uri']}/{file.name}", file.read_bytes())
        settings["data"]["as_of"] = date.fromisoformat(FIRST_DAY)
        settings["model"], settings["store"] = self.model, self.place.store
        settings["images"] = {"repository": self.place.images}
        settings["monitoring"]["maximum_age_days"] = 1
        settings["schedules"]["runs"] = {}
        self.write(settings)
        self.train_with(WEAK)
        return f"model {self.model} in {self.place.store_uri}"

    def write(self, settings: dict[str, Any]) -> None:
        (self.project.root / SETTINGS_FILE).write_text(yaml.safe_dump(settings, sort_keys=False))
        self.project.commit()

    def train_with(self, iterations: int) -> None:
        settings = yaml.safe_load((self.project.root / SETTINGS_FILE).read_text())
        settings["training"]["parameters"]["max_iter"] = iterations
        self.write(settings)

    def user(self, script: str, *arguments: str, status: int = 0) -> str:
        """What a command prints, which must end with `status`."""
        done = self.project.run(script, *arguments, seconds=STEP_SECONDS, **self.place.environment)
        if done.returncode != status:
            said = "".join(f"\n  {line}" for line in (done.stdout + done.stderr).splitlines()[-40:])
            raise Finding(f"{script} {' '.join(arguments)}: expected {status}, found {done.returncode}{said}")
        return done.stdout

    def build(self) -> str:
        built = images.stage_all(GitIndex(self.project.root), self.place.images)
        repository = ImageRepository(self.place.images)
        there = repository.digests(image.tag for image in built.values())
        for image in built.values():
            if image.tag not in there:
                dockerfile = image.path / f"components/{image.component}/Dockerfile"
                self.engine.build(image.path, dockerfile, image.reference)
                self.engine.run("buildah", "push", "--quiet", image.reference, f"docker://{image.reference}")
                self.pushed += filter(None, [repository.digest(image.tag)])
        self.user("record_images", "build/digests")
        return f"{len(built)} images, {len(there)} of them there already"

    def deploy(self) -> str:
        self.user("compile_pipelines", "--images", "build/images.json", "--release")
        first = self.user("deploy_pipelines", "--release")
        second = self.user("deploy_pipelines", "--release")
        if " deployed\n" not in first or " deployed\n" in second:
            raise Finding(f"expected versions once, found {first!r} and then {second!r}")
        return f"{first.count(' deployed')} pipelines"

    def train_first(self) -> str:
        self.user("train", "--images", "build/images.json")
        return f"champion {self.champion[:12]}"

    def lose(self) -> str:
        self.gate(WEAKER, status=1)
        return self.figures("build/gate")

    def win(self) -> str:
        self.gate(STRONG, status=0)
        return self.figures("build/gate")

    def gate(self, iterations: int, status: int) -> None:
        """Judge a change as pr.yml does: its code in a place of its own, its model on the cluster."""
        change = self.project.copied_to(self.project.root.parent / f"candidate-{iterations}")
        Loop(self.place, change, self.engine, self.model).train_with(iterations)
        place = self.project.root / "build/place"
        shutil.rmtree(place, ignore_errors=True)
        self.user("prepare_candidate", "--candidate", str(change.root))
        run = [sys.executable, "-m", "scripts.ci.run_candidate"]
        done = subprocess.run(run, cwd=place, capture_output=True, text=True, timeout=STEP_SECONDS)
        if done.returncode:
            raise Finding(f"the candidate's code: exit status {done.returncode}\n{done.stdout[-3000:]}")
        handed_over = ("--handover", str(place / "handover.tar"))
        self.user(
            "gate", "--candidate", str(change.root), "--images", "build/images.json", *handed_over,
            status=status,
        )  # fmt: skip

    def figures(self, folder: str) -> str:
        verdict = json.loads((self.project.root / folder / "verdict.json").read_text())
        return f"{verdict['verdict']}, {verdict['metric']}"

    def promote(self) -> str:
        before = self.champion
        self.train_with(STRONG)
        self.user("train", "--images", "build/images.json")
        if self.champion == before:
            raise Finding(f"expected another champion than {before}")
        return f"champion {self.champion[:12]} in place of {before[:12]}"

    def predict(self) -> str:
        said = self.user("predict")
        return said.splitlines()[-2]

    def monitor(self) -> str:
        said = self.user("monitor", "--images", "build/images.json", "--as-of", LATER_DAY, status=1)
        (trained,) = [line for line in said.splitlines() if line.startswith("training: ")]
        return trained

    def schedule(self) -> str:
        settings = yaml.safe_load((self.project.root / SETTINGS_FILE).read_text())
        every_minute = {"pipeline": "inference", "cron": "* * * * *", "parameters": {"as_of": FIRST_DAY}}
        self.write({**settings, "schedules": {**settings["schedules"], "runs": {"minutely": every_minute}}})
        self.user("reconcile_schedules", "--images", "build/images.json")
        try:
            finished = self.fired()
        finally:
            self.write(settings)
            self.user("reconcile_schedules", "--images", "build/images.json")
        if finished.state != "SUCCEEDED":
            raise Finding(f"run {finished.name}: expected it to succeed, found {finished.state}")
        return f"{finished.name} {finished.state}"

    def fired(self) -> runs.Run:
        """The first run of the only recurring run, at its end."""
        deadline = time.monotonic() + SCHEDULE_SECONDS
        while time.monotonic() < deadline:
            for recurring in kfp_lists.recurring_runs(self.client):
                if newest := kfp_lists.newest_run_of(self.client, recurring):
                    return runs.follow(self.client, newest.run_id, seconds=SCHEDULE_SECONDS)
            time.sleep(5)
        raise Finding(f"expected a recurring run to fire in {SCHEDULE_SECONDS} seconds, found none")

    def roll_back(self) -> str:
        before = self.champion
        said = self.user("roll_back", "--reason", "the loop ends here")
        if self.champion == before:
            raise Finding(f"expected another champion than {before}, found {said}")
        return said.strip()
