"""Gate the model of the last `make gate` once more, and make it the champion if it passes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine import command_line
from engine.command_line import Finding, SettingsError, WorldError

if TYPE_CHECKING:
    from engine.documents.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
GATED = ROOT / "build" / "gate" / "verdict.json"
RESULTS = ROOT / "build" / "promote"


def main() -> int:
    command_line.parser(__doc__).parse_args()

    from engine.gate import judged_run, model_code, training_run
    from engine.kubeflow.endpoint import remote_host
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.reporting import terminal
    from engine.sources import WorkTree

    gated = read_gated()
    code = model_code.read(WorkTree(ROOT))
    if code.fingerprint() != gated["provenance"]["fingerprint"]:
        raise SettingsError("expected the code that was gated, found another; run make gate again")
    registry_uri = model_registry_uri(ROOT)
    registry = ModelRegistry(registry_uri, code.settings.model)
    as_of = gated["as_of"] or str(code.settings.as_of())
    parameters = training_run.question(code, training_run.commit_of(ROOT, code), as_of)
    parameters |= {"model_registry_uri": registry_uri}
    references = {name: image.reference for name, image in code.images.items()}
    judged_run.expect_reachable(code.settings, references, registry_uri)
    training_run.expect_servable(code, registry_uri)
    judged_run.recover_images(ROOT, registry.champion(), registry)
    training_run.keep_contexts(code, registry_uri)
    tasks = code.settings.tasks(on_cluster=remote_host() is not None)
    verdict = judged_run.judge(ROOT, "training", references, tasks, parameters, RESULTS)
    terminal.show(verdict, sys.stdout)
    if not verdict["passed"]:
        return Finding.status
    promoted = registry.champion()
    if promoted is None:
        raise WorldError(f"{registry_uri}: expected the champion that was promoted, found none")
    print(
        f"champion: {code.settings.model} {promoted['version']}\nreport: {(RESULTS / 'report.html').as_uri()}"
    )
    return 0


def read_gated() -> "Verdict":
    """The verdict of `make gate`, which must have passed."""
    from engine.documents.verdicts import read_verdict

    if not GATED.is_file():
        raise SettingsError(f"{GATED}: expected a verdict, found no such file; run make gate first")
    gated = read_verdict(GATED)
    if not gated["passed"]:
        raise Finding(f"the verdict is {gated['verdict']}; only a model that passed the gate can be promoted")
    return gated


if __name__ == "__main__":
    command_line.run(main)
