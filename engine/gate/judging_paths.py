"""What judges a change, and is therefore the base's until the change is merged."""

import re
from collections.abc import Iterator, Mapping

from engine.gate.model_code import BORN_FROM, SETTINGS_FILE
from engine.images.images import Image
from engine.settings.data_schema import Table
from engine.settings.settings_schema import Settings
from engine.settings.tasks_schema import LIMITS, Resources
from engine.sources import Source

# What a change brings of each section of mlops.yaml; of any other section it brings nothing.
BROUGHT: dict[str, tuple[str, ...]] = {
    "data": ("tables", "rows", "key"),
    "label": ("name", "type", "positive"),
    "windows": ("training_days",),
}
WHOLE = ("features", "training")
# The graph, how its tasks are called, the scripts and workflows around it, and whom they listen to.
PATHS = re.compile(
    r"(pipelines|scripts|local_kfp|\.github)/.*|engine/(?!(tests|features|training|scoring)/).*|components/[^/]+/component\.py|components/metrics\.py|requirements\.txt"
    r"|((\.github|docs)/)?CODEOWNERS",
    re.DOTALL,  # a file's name may hold a line break
)


def settings_that_judge(mine: Settings, base: Settings) -> Iterator[str]:
    """Where `mine` differs from `base` in what it does not bring."""
    ours, theirs = (settings.model_dump(mode="json") for settings in (mine, base))
    for section, value in ours.items():
        if section == "features" and value["lead"] != theirs[section]["lead"]:
            yield f"{SETTINGS_FILE}: features.lead"
        if value == theirs[section] or section in WHOLE:
            continue
        if section == "data":
            yield from _moments_that_judge(mine.data.tables, base.data.tables)
        if section == "resources":
            yield from _resources_that_judge(mine.resources, base.resources)
        elif section not in BROUGHT:
            yield f"{SETTINGS_FILE}: {section}"
        else:
            for key in {**value, **theirs[section]}:
                if key not in BROUGHT[section] and value.get(key) != theirs[section].get(key):
                    yield f"{SETTINGS_FILE}: {section}.{key}"


def _moments_that_judge(mine: Mapping[str, Table], base: Mapping[str, Table]) -> Iterator[str]:
    """What is hidden from features is the base's to say, or a change would reveal outcomes to itself."""
    for name, table in mine.items():
        if name in base and table.known != base[name].known:
            yield f"{SETTINGS_FILE}: data.tables.{name}.known"


def _resources_that_judge(mine: Mapping[str, Resources], base: Mapping[str, Resources]) -> Iterator[str]:
    """A change brings how much its own tasks may use, and neither what they reach nor where they run."""
    for component in {**mine, **base}:
        ours, theirs = (resources.get(component, Resources()) for resources in (mine, base))
        brought = LIMITS if component in BORN_FROM else ()
        for key in Resources.model_fields:
            if key not in brought and getattr(ours, key) != getattr(theirs, key):
                yield f"{SETTINGS_FILE}: resources.{component}.{key}"


def components_that_judge(mine: Mapping[str, Image], base: Mapping[str, Image]) -> list[str]:
    """The components whose code differs, or that are new or gone, but for those that make a model."""
    ours, theirs = ({name: image.hash for name, image in images.items()} for images in (mine, base))
    names = sorted({*ours, *theirs} - {*BORN_FROM})
    return [f"components/{name}" for name in names if ours.get(name) != theirs.get(name)]


def paths_that_judge(mine: Source, base: Source) -> list[str]:
    """A name that is no text is shown as well as it can be."""
    changed = (path.encode(errors="replace").decode() for path in mine.changed(base))
    return [path for path in changed if PATHS.fullmatch(path)]


def rows_that_judge(mine: Source, base: Source, settings: Settings) -> list[str]:
    """Tables of `settings` that are files of the project, and differ."""
    changed = mine.changed(base)
    return [
        uri
        for uri in (table.uri for table in settings.data.tables.values())
        if "://" not in uri and any(path == uri or path.startswith(f"{uri.rstrip('/')}/") for path in changed)
    ]
