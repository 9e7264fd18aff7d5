"""Compile pipelines/*.py to build/pipelines/*.yaml, with the images and resources that they run with."""

import argparse
import sys
from pathlib import Path

from engine.command_line import SettingsError, parser, run


def main() -> int:
    arguments = _parser().parse_args()
    from engine.images.images import stage_all
    from engine.kubeflow.pipeline_compiler import compile_all, read_references
    from engine.kubeflow.pipeline_lint import problems
    from engine.settings.settings import load
    from engine.sources import WorkTree

    root = Path.cwd()
    settings = load(root / "mlops.yaml")
    if arguments.images:
        images = read_references(arguments.images)
    else:
        images = {name: image.reference for name, image in stage_all(WorkTree(root)).items()}
    texts = compile_all(root, images, settings.tasks(on_cluster=True), settings.inference.parallelism)
    lines = [line for name, text in texts.items() for line in problems(name, text, arguments.release)]
    lines += same_names(texts)
    if lines:
        print(*lines, sep="\n", file=sys.stderr)
        raise SettingsError(
            f"expected pipelines that run anywhere, found {len(lines)} problems; nothing written"
        )
    _write(texts, arguments.output)
    return 0


def same_names(texts: dict[str, str]) -> list[str]:
    """A problem for each pipeline that would be deployed as a version of another one."""
    import yaml

    modules: dict[str, str] = {}
    lines = []
    for module, text in texts.items():
        name = next(yaml.load_all(text, yaml.CSafeLoader))["pipelineInfo"]["name"]
        first = modules.setdefault(name, module)
        if first != module:
            lines.append(
                f"pipelines/{module}.py: expected another @dsl.pipeline(name=...) than"
                f" pipelines/{first}.py, found {name!r} in both"
            )
    return lines


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--images", type=Path, metavar="FILE", help="references by component, as JSON (default: staged here)"
    )
    options.add_argument("--release", action="store_true", help="refuse an image that has no digest")
    options.add_argument(
        "--output", type=Path, default=Path("build/pipelines"), metavar="FOLDER", help="default: %(default)s"
    )
    return options


def _write(texts: dict[str, str], folder: Path) -> None:
    """Each file in one step; what was compiled from a pipeline that is gone goes too."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        unfinished = folder / f"{name}.yaml.tmp"
        unfinished.write_text(text)
        unfinished.rename(folder / f"{name}.yaml")
        print(f"{folder / name}.yaml")
    for path in folder.glob("*.yaml"):
        if path.stem not in texts and path.read_text().startswith("# PIPELINE DEFINITION"):
            path.unlink()
            print(f"{path} removed: its pipeline is gone")


if __name__ == "__main__":
    run(main)
