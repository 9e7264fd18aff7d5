"""Record by component the digests of a checkout's images: those just built, and those published before."""

import argparse
import json
from pathlib import Path

from engine.command_line import Finding, SettingsError, output_file, parser, run
from engine.images import published_images
from engine.images.images import split_tag
from engine.images.published_images import check_digest

PERMISSIONS = {"packages": "read"}


def main() -> None:
    arguments = _parser().parse_args()
    salt = arguments.salt
    if arguments.pull_request is not None:
        salt = published_images.pull_request_salt(arguments.pull_request)
    images = published_images.needed(arguments, arguments.checkout, salt)
    built = _read_digests(arguments.digests)
    others = [image for image in images.values() if image.tag not in built]
    published = published_images.published(others, arguments)
    references = {
        name: f"{image.reference}@{built[image.tag]}" if image.tag in built else published.get(image.tag)
        for name, image in images.items()
    }
    missing = [name for name, reference in references.items() if not reference]
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
        help="folder that has, at any depth, a file for each image built, called as its tag",
    )
    options.add_argument(
        "--checkout", type=Path, default=Path(), metavar="FOLDER", help="whose images (default: this one's)"
    )
    published_images.add_options(options)
    options.add_argument("--salt", default="", help="what plan_images salted the tags with")
    options.add_argument(
        "--output", type=output_file, default="build/images.json", metavar="FILE", help="default: %(default)s"
    )
    return options


def _read_digests(folder: Path) -> dict[str, str]:
    """The digest of each tag that has a file at any depth of `folder`, which may be absent."""
    digests: dict[str, str] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        try:
            split_tag(path.name)
        except SettingsError:
            raise Finding(f"{path}: expected a file called as an image's tag, found another") from None
        if path.name in digests:
            raise Finding(f"{path}: expected one digest of {path.name}, found a second one")
        digests[path.name] = check_digest(path.read_text(errors="replace").strip(), str(path))
    return digests


if __name__ == "__main__":
    run(main)
