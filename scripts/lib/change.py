"""What a checkout changes: the candidate's code, the control's, and who judges between them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lib import model_code
from scripts.lib.images import Image
from scripts.lib.model_code import SETTINGS_FILE, ModelCode
from scripts.lib.settings_schema import canonical_json
from scripts.lib.sources import GitTree, WorkTree, merge_base, resolve_commit

JUDGES = ("validate_data", "compare_models", "enforce_verdict")
MAIN_BRANCHES = ("origin/HEAD", "origin/main", "main", "HEAD")


@dataclass(frozen=True)
class Change:
    """The candidate is the work tree, the control its base, or the candidate itself where there is none."""

    candidate: ModelCode
    control: ModelCode
    base: str | None

    @property
    def changes_model(self) -> bool:
        return self.candidate.fingerprint() != self.control.fingerprint()

    def images(self) -> dict[str, Image]:
        """The images of the pipeline. Judges are the base's, so that no change is judged by itself, but for
        one whose interface changed: it comes with the pipeline that calls it."""
        judges = {name: self.control.images[name] for name in JUDGES if self._same_interface(name)}
        return self.candidate.images | judges

    def policy(self) -> str:
        """The base's policy; where nothing changed, without the control, which is the candidate itself."""
        policy = json.loads(self.control.settings.policy("pull_request"))
        if not self.changes_model:
            del policy["references"]["control"]
        return canonical_json(policy)

    def data_settings(self) -> str:
        """The candidate's tables and training window; what it is evaluated on is the base's to say."""
        mine, base = (json.loads(code.data_settings()) for code in (self.candidate, self.control))
        mine["windows"]["evaluation_days"] = base["windows"]["evaluation_days"]
        return canonical_json(mine | {"label_matures_after_days": base["label_matures_after_days"]})

    def provenance(self) -> dict[str, Any]:
        """What the report tells of where the models come from."""
        return {
            "model": self.candidate.settings.model,
            "fingerprint": self.candidate.fingerprint(),
            "base": self.base or "none",
            "changed": self.parts(),
            "candidate": self.candidate.references(),
            "control": self.control.references(),
            "judges": {name: self.images()[name].reference for name in JUDGES},
        }

    def parts(self) -> list[str]:
        """What differs from the base, in words of the project."""
        mine, base = (code.settings.model_dump(mode="json") for code in (self.candidate, self.control))
        sections = [f"{SETTINGS_FILE}: {name}" for name in mine if mine[name] != base[name]]
        return sections + [
            f"components/{name}"
            for name, image in self.candidate.images.items()
            if name not in self.control.images or image.hash != self.control.images[name].hash
        ]

    def __str__(self) -> str:
        if self.base is None:
            return "the work tree, with no commit to compare it with"
        changed = ", ".join(self.parts()) or "nothing"
        return f"the work tree against {self.base[:12]}, changed: {changed}"

    def _same_interface(self, component: str) -> bool:
        path = f"components/{component}/component.py"
        sources = (self.candidate.source, self.control.source)
        mine, base = (source.read([path])[path] if path in source.paths else None for source in sources)
        return mine is not None and mine == base


def read_change(root: Path, base: str | None) -> Change:
    """What the work tree at `root` changes since it left `base` (default: the main branch)."""
    candidate = model_code.read(WorkTree(root))
    commit = merge_base(root, [resolve_commit(root, base)] if base else MAIN_BRANCHES)
    if commit is None:
        return Change(candidate, candidate, None)
    tree = GitTree(root, commit)
    if SETTINGS_FILE not in tree.paths:
        return Change(candidate, candidate, None)
    return Change(candidate, model_code.read(tree), commit)
