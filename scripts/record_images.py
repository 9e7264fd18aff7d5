"""Record by component the digests of this checkout's images: those just built, and those published before."""

import argparse
import json
from collections.abc import Container
from pathlib import Path

from components.shared.command_line import Finding, output_file, parser, run
from scripts.lib import published_images
from scripts.lib.published_images import check_digest


def main() -> None:
    arguments = _parser().parse_args()
    images = published_images.needed(arguments, arguments.salt)
    built = _read_digests(arguments.digests, images)
    others = [image for name, image in images.items() if name not in built]
    references = {name: f"{published_images.pushed_to(arguments)}@{digest}" for name, digest in built.items()}
    references |= published_images.published(others, arguments)
    missing = [name for name in images if name not in references]
    if missing:
        expected = f"expected a digest in {arguments.digests} or a published image, found neither"
        raise Finding(f"{', '.join(missing)}: {expected}; see the jobs that built them")
    text = json.dumps(references, indent=2, sort_keys=True)
    print(text)
    unfinished = arguments.output.with_name(f"{arguments.output.name}.tmp")
    unfinished.write_text(f"{text}\n")
    unfinished.replace(arguments.output)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "digests",
        type=Path,
        help="folder that has, at any depth, a file for each image built, called as its component",
    )
    published_images.add_options(options)
    options.add_argument("--salt", default="", help="what plan_images salted the tags with")
    options.add_argument(
        "--output", type=output_file, default="build/images.json", metavar="FILE", help="default: %(default)s"
    )
    return options


def _read_digests(folder: Path, components: Container[str]) -> dict[str, str]:
    """The digest of each component that has a file at any depth of `folder`, which may be absent."""
    digests: dict[str, str] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.name not in components:
            raise Finding(f"{path}: expected the digest of a component, found no component of that name")
        if path.name in digests:
            raise Finding(f"{path}: expected one digest of {path.name}, found a second one")
        digests[path.name] = check_digest(path.read_text(errors="replace").strip(), str(path))
    return digests


if __name__ == "__main__":
    run(main)
