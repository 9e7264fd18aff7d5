"""Record the digest of the image just built, where record_images looks for it."""

import argparse
from pathlib import Path

from engine.command_line import parser, run
from engine.images.images import split_tag
from engine.images.published_images import check_digest


def main() -> None:
    arguments = _parser().parse_args()
    split_tag(arguments.tag)
    digest = check_digest(arguments.digest, arguments.tag)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / arguments.tag
    path.write_text(f"{digest}\n")
    print(f"{path}: {digest}")


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("tag", help="as plan_images names it")
    options.add_argument("digest", help="what docker/build-push-action outputs")
    options.add_argument("--folder", type=Path, default=Path("build/digests"), help="default: %(default)s")
    return options


if __name__ == "__main__":
    run(main)
