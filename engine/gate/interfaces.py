"""How components are called: whether two sources agree, and which tasks of a pipeline are whose."""

from engine.sources import File, Source

INTERFACE = "engine/kubeflow/interface.py"
RECEIVED = ("receive-features", "receive-model")
"""Tasks of the pipeline judgement that check what the change's code left."""


def same_interface(component: str, mine: Source, base: Source) -> bool:
    """Whether both sources have `component`, and call it in the same way."""
    own = f"components/{component}/component.py"
    ours, theirs = (_interface(source, own) for source in (mine, base))
    return own in ours and ours == theirs


def is_task_of(component: str, owner: str, task: str) -> bool:
    """Whether the evaluation pipeline calls so a task of the owner's image of `component`."""
    names = {component.replace("_", "-"), *(["hide-outcomes"] if component == "build_features" else [])}
    return any(task.startswith(f"{name} ({owner}") for name in names)


def failed_by_candidate(tasks: list[str]) -> list[str]:
    """Those of the failed tasks that run the change's code or read what it made; none if others failed."""
    candidates = [task for task in tasks if task in RECEIVED or "(candidate" in task]
    others = [task for task in tasks if "(control" in task or "(champion" in task]
    return [] if others else candidates


def _interface(source: Source, path: str) -> dict[str, File]:
    """What says how a component is called: its own file, and the one that derives commands from it."""
    return source.read([each for each in (path, INTERFACE) if each in source.paths])
