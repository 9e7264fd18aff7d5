"""Deploy compiled pipelines: a new version if the content is new, all or none, never an older commit."""

import argparse
import sys
from pathlib import Path

from engine.command_line import SettingsError, parser, run
from engine.github.step import add_summary, set_outputs

COMPILED = Path("build/pipelines")


def main() -> int:
    arguments = _parser().parse_args()
    paths = arguments.paths or sorted(COMPILED.glob("*.yaml"))
    if not paths:
        raise SettingsError(
            f"{COMPILED}: expected compiled pipelines, found none: compile_pipelines makes them"
        )

    from engine.kubeflow import deployment
    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.pipeline_diff import describe
    from engine.sources import resolve_commit

    _lint(paths, arguments.release)
    commit = "" if arguments.dry_run else resolve_commit(Path.cwd(), "HEAD")
    with connect(Path.cwd()) as client:
        steps = deployment.plan(client, paths)
        if arguments.dry_run:
            _say(describe(steps))
            return 0
        newer = deployment.newer_commit(client, Path.cwd(), steps, commit, arguments.replace_unknown)
        made = [] if newer else deployment.deploy(client, steps, commit)
    if newer:
        _say(f"Nothing deployed: {newer} is of a later commit than {commit[:12]}.\n")
    else:
        names = {version.pipeline: f"{version.name} deployed" for version in made}
        lines = [f"- {s.pipeline}: {names.get(s.pipeline, f'{s.newest} there already')}\n" for s in steps]
        _say("".join(lines))
    set_outputs(changed=str(bool(made)).lower(), superseded=str(bool(newer)).lower())
    return 0


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("paths", nargs="*", type=Path, metavar="YAML", help=f"default: {COMPILED}/*.yaml")
    options.add_argument("--release", action="store_true", help="refuse an image that has no digest")
    options.add_argument("--dry-run", action="store_true", help="print what would change, as Markdown")
    options.add_argument(
        "--replace-unknown", action="store_true", help="deploy over versions of commits that are not here"
    )
    return options


def _lint(paths: list[Path], release: bool) -> None:
    from engine.kubeflow.pipeline_lint import problems
    from engine.kubeflow.uploads import read_spec

    lines: list[str] = []
    for path in paths:
        name = read_spec(path)["pipelineInfo"]["name"]
        lines += problems(name, path.read_text(), release)
    if lines:
        print(*lines, sep="\n", file=sys.stderr)
        raise SettingsError(
            f"expected pipelines that run anywhere, found {len(lines)} problems; nothing deployed"
        )


def _say(markdown: str) -> None:
    print(markdown, end="", flush=True)
    add_summary(markdown)


if __name__ == "__main__":
    run(main)
