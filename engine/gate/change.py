"""What a change brings: the candidate's code, the control's, and who judges between them."""

import json
from dataclasses import dataclass, replace
from datetime import date

from engine.documents.parts import Provenance
from engine.gate import judging_paths as judging
from engine.gate.change_kind import only_updates
from engine.gate.evaluation_history import evaluation_history
from engine.gate.interfaces import is_task_of, same_interface
from engine.gate.model_code import BORN_FROM, SETTINGS_FILE, ModelCode
from engine.gate.redefinition import redefined, tables_of
from engine.gate.replaced_values import replaced_values
from engine.images.images import Image
from engine.settings.settings_schema import Gate, canonical_json
from engine.settings.tasks_schema import Resources, TaskSettings
from engine.sources import commit_day

JUDGES = ("validate_data", "compare_models", "enforce_verdict")
MOST_NAMES = 100


@dataclass(frozen=True)
class Change:
    """The candidate is the change, the control its base, or the candidate itself if there is none."""

    candidate: ModelCode
    control: ModelCode
    base: str | None
    by_the_base: bool = False
    """Whether graph and interfaces are the base's too, and only what makes a model is the change's."""
    reason: str = ""
    """Which commit the change is judged against and why; empty for one that the base judges."""

    @property
    def changes_model(self) -> bool:
        return self.candidate.fingerprint() != self.control.fingerprint()

    @property
    def only_updates(self) -> bool:
        """Whether the model differs by libraries, base images or the seed alone, and must not be worse."""
        return self.changes_model and only_updates(self.candidate, self.control)

    @property
    def brings_training_settings(self) -> bool:
        """Whether estimator and parameters are new, and this checkout's own: judges import no other's."""
        mine, base = self.candidate.settings.training, self.control.settings.training
        return not self.by_the_base and (self.base is None or mine != base)

    @property
    def changes_tables(self) -> bool:
        return tables_of(self.candidate.settings) != tables_of(self.control.settings)

    @property
    def brings_tables(self) -> bool:
        """Whether rows come from other tables than the base's: those of a pull request are never read."""
        return self.changes_tables and not self.by_the_base

    def tables_of(self) -> ModelCode:
        """Whose tables all models get rows from."""
        return self.candidate if self.brings_tables else self.control

    def as_of(self) -> date:
        """The day that windows count back from. "today" is the day that a pull request's commit was made on:
        another judgement of it asks the same."""
        if self.by_the_base and self.control.settings.data.as_of == "today":
            return commit_day(self.candidate.source.root)
        return self.control.settings.as_of()

    def images(self) -> dict[str, Image]:
        """The images of the pipeline. Judges are the base's, so that no change is judged by itself, but for
        one whose interface changed: it comes with the pipeline that calls it."""
        if self.by_the_base:
            return self.control.images
        judges = {name: self.control.images[name] for name in JUDGES if self._same_interface(name)}
        return self.candidate.images | judges

    def tasks(self, on_cluster: bool) -> TaskSettings:
        """How the tasks run: what makes a model may need more than it did, but reaches what it reached."""
        mine = self.candidate.settings.tasks(on_cluster)
        if not self.by_the_base:
            return mine
        base = self.control.settings.tasks(on_cluster)
        makers = {
            name: base.resources.get(name, Resources()).with_limits_of(mine.resources.get(name, Resources()))
            for name in BORN_FROM
            if name in mine.resources or name in base.resources
        }
        return replace(base, resources={**base.resources, **makers})

    def policy(self) -> str:
        """The base's policy; if nothing changed, without the control, which is the candidate itself."""
        return self._policy_of(self.control)

    def proposed_policy(self) -> str:
        """The policy that the change brings, which decides after the merge; "{}" if it is the base's."""
        proposed = self._policy_of(self.candidate)
        return "{}" if proposed == self.policy() else proposed

    def _policy_of(self, code: ModelCode) -> str:
        gate: Gate = "update" if self.only_updates else "pull_request"
        policy = json.loads(code.settings.policy(gate))
        if not self.changes_model:
            del policy["references"]["control"]
        return canonical_json(policy)

    def data_settings(self) -> str:
        """The base says which rows are evaluated; a pull request's control is trained on its window too."""
        base = self.control.settings
        own = base if self.by_the_base else self.candidate.settings
        history = evaluation_history(base.windows).mode
        windows = base.windows.model_dump() | {
            "training_days": own.windows.training_days,
            "history": history,
        }
        settings = json.loads(self.tables_of().data_settings()) | {"windows": windows}
        return canonical_json(settings | {"label_matures_after_days": base.label.matures_after_days})

    def question(self, as_of: date | None) -> dict[str, str]:
        """The parameters of the evaluation pipeline, but for where models are and where its results go."""
        day = str(as_of or self.as_of())
        return {
            "as_of": day,
            "model": self.control.settings.model,
            "data_settings": self.data_settings(),
            "policy": self.policy(),
            "proposed_policy": self.proposed_policy(),
            "provenance": json.dumps({**self.provenance(), "as_of": day}),
            "fallback": self.control.fallback(),
            **(self.candidate if self.changes_model else self.control).parameters("candidate_"),
            **self.control.parameters("control_"),
        }

    def provenance(self) -> Provenance:
        """What the report tells of where the models come from."""
        origin: Provenance = {
            "model": self.control.settings.model,
            "fingerprint": self.candidate.fingerprint(),
            "base": self.base or "none",
            "changed": self.parts(),
            "changes": replaced_values(self.candidate, self.control, self.base),
            "tables": "the change's" if self.brings_tables else "the base's",
            "candidate": self.candidate.references(),
            "control": self.control.references(),
            "judges": {name: self.images()[name].reference for name in JUDGES},
        }
        if self.by_the_base and (redefines := [*redefined(self.candidate, self.control)]):
            origin["redefines"] = redefines
        if (history := evaluation_history(self.control.settings.windows)).reason:
            origin["history"] = f"{history.mode}: {history.reason}"
        if later := self.counts_after_the_merge():
            more = [f"and {len(later) - MOST_NAMES} more"] if len(later) > MOST_NAMES else []
            origin["counts_after_the_merge"] = later[:MOST_NAMES] + more
        return origin

    def parts(self) -> list[str]:
        """What differs from the base, in words of the project."""
        mine, base = (code.settings.model_dump(mode="json") for code in (self.candidate, self.control))
        sections = [f"{SETTINGS_FILE}: {name}" for name in mine if mine[name] != base[name]]
        return sections + [
            f"components/{name}"
            for name, image in self.candidate.images.items()
            if name not in self.control.images or image.hash != self.control.images[name].hash
        ]

    def counts_after_the_merge(self) -> list[str]:
        """What of the change judges, or says on which rows; until the merge the base's is used."""
        mine, base = self.candidate, self.control
        later = [*judging.settings_that_judge(mine.settings, base.settings)]
        components = judging.components_that_judge(mine.images, base.images)
        if not self.by_the_base:
            judges = [f"components/{name}" for name in JUDGES if self._same_interface(name)]
            return later + [name for name in components if name in judges]
        later += judging.rows_that_judge(mine.source, base.source, base.settings)
        if self.changes_tables:
            later.append(f"{SETTINGS_FILE}: data.tables")
        if mine.settings.windows.training_days != base.settings.windows.training_days:
            later.append(f"{SETTINGS_FILE}: windows.training_days")
        return later + components + judging.paths_that_judge(mine.source, base.source)

    def changed_interfaces(self) -> list[str]:
        """What makes a model and is called in another way than before."""
        return [name for name in BORN_FROM if not self._same_interface(name)]

    def broken_interfaces(self, tasks: list[str]) -> list[str]:
        """What failed among `tasks`, if one side calls it differently than the other does."""
        changed = self.changed_interfaces()
        if "receive-model" in tasks:
            return changed
        owner = "candidate" if self.by_the_base else "control"
        return [name for name in changed if any(is_task_of(name, owner, task) for task in tasks)]

    def __str__(self) -> str:
        mine = f"the index of {self.candidate.source.root}" if self.by_the_base else "the work tree"
        if self.base is None:
            return f"{mine}, judged as a first model: {self.reason}"
        changed = ", ".join(self.parts()) or "nothing"
        if self.only_updates:
            changed += " (only libraries, base images or the seed: the model must not be worse)"
        return f"{mine} against {self.reason or self.base[:12]}; changed: {changed}"

    def _same_interface(self, component: str) -> bool:
        return same_interface(component, self.candidate.source, self.control.source)
