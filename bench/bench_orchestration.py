"""Time `make gate` through the local KFP server beside one Python process that calls the same components."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from statistics import median

from engine import command_line

ROUNDS = 5
GOAL = 1.5
ELSEWHERE = ("AWS_", "CI", "GITHUB_", "KUBEFLOW_", "MODEL_REGISTRY_URI", "PYTHON", "RESULTS_URI")


def main() -> int:
    parser = command_line.parser(__doc__)
    parser.add_argument("--alone", type=Path, help="be the one process, with the parameters in this file")
    arguments = parser.parse_args()
    if arguments.alone:
        call_components(json.loads(arguments.alone.read_text()), arguments.alone.parent / "alone")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return compare(*measure(Path(folder).resolve()))


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of `make gate` and of one process, in turns."""
    from engine.gate.checkouts import read_change
    from engine.tests.project import copy_of_this_project

    root = copy_of_this_project(folder / "project").root
    models = root / ".mlops/models"
    models.mkdir(parents=True)
    asked = read_change(root, None).question(None) | {"model_registry_uri": models.as_uri()}
    parameters = folder / "parameters.json"
    parameters.write_text(json.dumps(asked))
    gate, alone = [], []
    for _ in range(ROUNDS):
        shutil.rmtree(folder / "alone", ignore_errors=True)
        gate.append(seconds(root, "scripts.gate"))
        alone.append(seconds(root, "bench.bench_orchestration", "--alone", str(parameters)))
        ours, theirs = root / "build/gate/verdict.json", folder / "alone/results/verdict.json"
        if json.loads(ours.read_text())["comparisons"] != json.loads(theirs.read_text())["comparisons"]:
            raise command_line.WorldError("expected the same comparisons from both, found others")
    return gate, alone


def compare(gate: list[float], alone: list[float]) -> int:
    """Print both; exit status 1 if the ratio of their medians is beyond the goal."""
    ratios = [one / other for one, other in zip(gate, alone, strict=True)]
    print(f"Whole processes in turns, seconds of the clock; the load is {os.getloadavg()[0]:.1f} now.\n")
    print(f"{'':<32}{'median':>8}  each round")
    for name, found in (("make gate, through the server", gate), ("one Python process", alone)):
        print(f"{name:<32}{median(found):>8.2f}  {' '.join(f'{each:5.2f}' for each in found)}")
    ratio = median(gate) / median(alone)
    name = f"ratio (goal: at most {GOAL:g})"
    print(f"{name:<32}{ratio:>8.2f}  {' '.join(f'{each:5.2f}' for each in ratios)}")
    return int(ratio > GOAL)


def seconds(root: Path, *words: str) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    command = [sys.executable, "-m", *words]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    taken = time.perf_counter() - started
    if done.returncode:
        raise command_line.WorldError(f"{words[0]} ended with {done.returncode}: {done.stderr}")
    return taken


def call_components(asked: dict[str, str], work: Path) -> None:
    """What pipelines/evaluation.py does, without it."""
    window_of = {"data_settings": asked["data_settings"], "as_of": asked["as_of"]}
    registry = {name: asked[name] for name in ("model_registry_uri", "fallback")}
    registry |= {"name": asked["model"], "alias": "champion", "as_of": asked["as_of"]}
    resolved = "model version history build-features-image score-model-image feature-settings digest day"
    champion = work / "champion"
    call("model_registry", champion, resolved, "resolve", **registry)
    settings = {owner: asked[f"{owner}_feature_settings"] for owner in ("candidate", "control")}
    settings["champion"] = (champion / "feature-settings").read_text()
    for window in ("training", "evaluation"):
        call("load_data", work / window, "tables", window=window, **window_of)
        tables = work / window / "tables"
        call("build_features", work / window, "hidden", feature_settings=settings["control"], tables=tables)

    def features(owner: str, window: str) -> Path:
        target, rows = work / owner / window, work / window
        labels = {} if owner == "champion" else {"outcomes": rows / "tables"}
        made_of = {"feature_settings": settings[owner], "tables": rows / "hidden", **labels}
        call("build_features", target, "features", **made_of)
        return target / "features"

    training = {"candidate": features("candidate", "training")}
    evaluation = {"candidate": features("candidate", "evaluation")}
    both = {"training": training["candidate"], "evaluation": evaluation["candidate"]}
    call("validate_data", work, "findings valid", feature_settings=settings["candidate"], **both)
    training["control"] = features("control", "training")
    for owner, table in training.items():
        given = {"training_settings": asked[f"{owner}_training_settings"], "features": table}
        call("train_model", work / owner, "model record", feature_settings=settings[owner], **given)
    evaluation |= {owner: features(owner, "evaluation") for owner in ("control", "champion")}
    for owner, table in evaluation.items():
        given = {"model": work / owner / "model", "feature_settings": settings[owner], "features": table}
        call("score_model", work / owner, "predictions", **given)
    judged = {
        **{owner: work / owner / "predictions" for owner in evaluation},
        **{f"{owner}_record": work / owner / "record" for owner in training},
        **{f"{window}_features": table for window, table in both.items()},
        "truth": evaluation["control"],
        "champion_version": champion / "version",
        "history": champion / "history",
        "findings": work / "findings",
        "results_uri": (work / "results").as_uri(),
    }
    asked_of = {name: asked[name] for name in ("policy", "provenance")}
    call("compare_models", work, "verdict report summary metrics passed", **asked_of, **judged)
    call("enforce_verdict", work, "", verdict=work / "verdict")


def call(component: str, folder: Path, outputs: str, *words: str, **options: object) -> None:
    """Run a component's main() here, with its outputs in `folder`."""
    options |= {name: folder / name for name in outputs.split()}
    flags = ((f"--{name.replace('_', '-')}", str(value)) for name, value in options.items())
    sys.argv = [component, *words, *(word for flag in flags for word in flag)]
    import_module(f"components.{component}.main").main()


if __name__ == "__main__":
    command_line.run(main)
