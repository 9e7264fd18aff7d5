"""Compiles pipelines/*.py with kfp, then puts in the images and the resources that tasks run with."""

import json
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import yaml

from engine.command_line import SettingsError, nearest
from engine.command_line.typed_json import checked
from engine.documents.images import ImageReferences
from engine.kubeflow.pipeline_spec import Container, PipelineSpec, PlatformSpec, Task, containers, graph_tasks
from engine.settings.tasks_schema import Resources, TaskSettings

BARE_NAME = re.compile(r"[a-z0-9_]+")
NOTHING_SET = TaskSettings()


def compile_all(
    root: Path,
    images: Mapping[str, str],
    tasks: TaskSettings = NOTHING_SET,
    parallelism: int | None = None,
) -> dict[str, str]:
    """The YAML of each pipeline of the project at `root`, by name; `images` are references by component."""
    unknown = next((name for name in tasks.resources if name not in images), None)
    if unknown:
        raise SettingsError(f"mlops.yaml: resources.{unknown}: {_expected_component(unknown, images)}")
    names = sorted(path.stem for path in (root / "pipelines").glob("*.py") if path.stem != "__init__")
    if not names:
        raise SettingsError(f"{root / 'pipelines'}: expected pipelines, found no *.py")
    return {name: compile_pipeline(root, name, images, tasks, parallelism) for name in names}


def compile_pipeline(
    root: Path,
    name: str,
    images: Mapping[str, str],
    tasks: TaskSettings = NOTHING_SET,
    parallelism: int | None = None,
) -> str:
    """The YAML of pipelines/<name>.py: kfp's own but for images, parallelism and how tasks run."""
    return completed(root, f"pipelines/{name}.py", _compile_with_kfp(root, name), images, tasks, parallelism)


def completed(
    root: Path,
    source: str,
    text: str,
    images: Mapping[str, str],
    tasks: TaskSettings = NOTHING_SET,
    parallelism: int | None = None,
) -> str:
    """The YAML that kfp wrote for `source`, with images, parallelism and how tasks run."""
    comments = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    documents = yaml.load_all(text, yaml.CSafeLoader)
    spec: PipelineSpec = next(documents)
    platforms: list[PlatformSpec] = list(documents)
    for executor, container in containers(spec):
        image = container["image"]
        if BARE_NAME.fullmatch(image):
            if image not in images:
                problem = _expected_component(image, images)
                raise SettingsError(f"{source}: image of {executor}: {problem}")
            container["image"] = images[image]
    for _, task in graph_tasks(spec):
        if parallelism and "parameterIterator" in task:
            task["iteratorPolicy"] = {"parallelismLimit": parallelism}
    platforms = _place_tasks(root, spec, platforms, tasks)
    return comments + yaml.dump_all([spec, *platforms], Dumper=yaml.CSafeDumper, sort_keys=True)


def read_references(path: Path) -> ImageReferences:
    """The images that record_images wrote: a reference for each component."""
    try:
        return checked(ImageReferences, json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise SettingsError(f"{path}: expected what record_images writes, found no such file") from None
    except ValueError as error:
        raise SettingsError(f"{path}: expected a reference for each component, found {error}") from None


def component_of(container: Container) -> str | None:
    """The component whose main.py a container runs; its image may be known only when the pipeline runs."""
    modules = (re.fullmatch(r"components\.(\w+)\.main", word) for word in container.get("command", []))
    return next((match[1] for match in modules if match), None)


def _compile_with_kfp(root: Path, name: str) -> str:
    from kfp import compiler
    from kfp.dsl.base_component import BaseComponent

    source = root / "pipelines" / f"{name}.py"
    pipeline = getattr(_load_uncached(source, root), name, None)
    if not isinstance(pipeline, BaseComponent):
        raise SettingsError(f"pipelines/{name}.py: expected a @dsl.pipeline function {name}, found none")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{name}.yaml"
        try:
            compiler.Compiler().compile(pipeline, str(target))
        except Exception as error:
            raise _mistake(source, root, error) from None
        return target.read_text()


def _load_uncached(source: Path, root: Path) -> ModuleType:
    """Run a pipeline's module with caching off unless a task asks for it by `set_caching_options(True)`.

    kfp builds the pipeline while the module loads, so one loaded before with other defaults is of no use.
    """
    from kfp.dsl.pipeline_context import Pipeline

    loader = SourceFileLoader(f"pipelines.{source.stem}", str(source))
    module = ModuleType(loader.name)
    module.__file__ = str(source)
    caching = Pipeline._execution_caching_default
    Pipeline._execution_caching_default = False  # as `kfp dsl compile --disable-execution-caching-by-default`
    try:
        with _importing_from(root):
            loader.exec_module(module)
    except Exception as error:
        raise _mistake(source, root, error) from None
    finally:
        Pipeline._execution_caching_default = caching
    return module


@contextmanager
def _importing_from(root: Path) -> Iterator[None]:
    """A project's packages are its own, even if these scripts belong to another project with equal names."""
    path, ours = sys.path, Path(__file__).resolve().parents[2]
    others = [folder for folder in path if Path(folder).resolve() not in (ours, root.resolve())]
    known = (
        {}
        if ours == root.resolve()
        else {name: sys.modules[name] for name in [*sys.modules] if _is_named(name)}
    )
    for name in known:
        del sys.modules[name]
    sys.path = [str(root), *others]
    try:
        yield
    finally:
        sys.path = path
        if known:
            for name in filter(_is_named, [*sys.modules]):
                del sys.modules[name]
            sys.modules.update(known)


def _is_named(module: str) -> bool:
    return module.partition(".")[0] in ("components", "engine", "pipelines", "scripts")


def _mistake(source: Path, root: Path, error: Exception) -> SettingsError:
    """What kfp or Python refuses, at the project's own line."""
    files = [(frame.filename, frame.lineno or 1) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        files.append((error.filename, error.lineno))
    own = [(Path(file), line) for file, line in files if Path(file).is_relative_to(root)]
    place, line = next(((f, n) for f, n in reversed(own) if ".venv" not in f.parts), (source, 1))
    reason = " ".join(str(error).split())
    return SettingsError(f"{place.relative_to(root)}:{line}: {type(error).__name__}: {reason}")


def _expected_component(name: str, images: Mapping[str, str]) -> str:
    hint = nearest(name, images) or f"; there are {', '.join(images) or 'none'}"
    return f"expected a component that has an image, found {name!r}{hint}"


def _place_tasks(
    root: Path,
    spec: PipelineSpec,
    platforms: list[PlatformSpec],
    tasks: TaskSettings,
) -> list[PlatformSpec]:
    """Put resources and access to stores into `spec` and return its platform documents."""
    from engine.kubeflow import task_placement

    configs = {}
    for label, container in containers(spec):
        component = component_of(container)
        resources = tasks.resources.get(component or "", Resources())
        access = tasks.store if component and _reaches_stores(root, component) else None
        task_placement.set_limits(container, resources)
        if access:
            container["env"] = [*container.get("env", []), *task_placement.store_environment(access)]
        configs[label] = task_placement.kubernetes_config(resources, access, tasks.on_cluster)
        if policy := task_placement.retry_policy(resources):
            for task in _tasks_that_run(spec, label):
                task["retryPolicy"] = policy
    return task_placement.merged(platforms, {label: config for label, config in configs.items() if config})


def _reaches_stores(root: Path, component: str) -> bool:
    """Whether a component's image has the code that reaches stores; the others get no access either."""
    dockerfile = root / "components" / component / "Dockerfile"
    return dockerfile.is_file() and "COPY engine/stores " in dockerfile.read_text()


def _tasks_that_run(spec: PipelineSpec, executor: str) -> Iterator[Task]:
    for _, task in graph_tasks(spec):
        if spec["components"][task["componentRef"]["name"]].get("executorLabel") == executor:
            yield task
