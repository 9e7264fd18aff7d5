"""Record which images this environment's models and pipelines name, for collect_images to keep."""

import json

from engine.command_line import output_file, parser, run


def main() -> None:
    options = parser(__doc__)
    options.add_argument("output", type=output_file, metavar="FILE")
    arguments = options.parse_args()
    from pathlib import Path

    from engine.images.needed_images import needed_here
    from engine.settings.settings import load

    document = needed_here(load(Path("mlops.yaml")).model).document()
    unfinished = arguments.output.with_name(f"{arguments.output.name}.tmp")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(arguments.output)
    print(f"{arguments.output}: {len(document['tags'])} tags, {len(document['digests'])} digests")


if __name__ == "__main__":
    run(main)
