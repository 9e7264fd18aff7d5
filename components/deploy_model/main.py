"""Have KServe serve a version of the model: canary, golden requests, and back again if it must."""

from engine.command_line import json_object, parser, run
from engine.command_line.signals import sigterm_exits


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--model-registry-uri", required=True, help="s3:// folder")
    options.add_argument("--name", required=True, help="the model's name")
    options.add_argument("--version", required=True, help="the version to serve")
    options.add_argument(
        "--serving-settings", type=json_object, required=True, help="serving of mlops.yaml, its defaults set"
    )
    options.add_argument(
        "--expected", required=True, help='the champion that the gate saw; "" for none: it must still be one'
    )
    options.add_argument("--run", required=True, help="what deploys it, for the annotations")
    arguments = options.parse_args()

    from engine.kserve.delivery import deliver
    from engine.model_registry.model_registry import ModelRegistry

    registry = ModelRegistry(arguments.model_registry_uri, arguments.name)
    settings = arguments.serving_settings
    with sigterm_exits():  # a run that is terminated takes its canary back
        print(deliver(registry, settings, arguments.version, arguments.run, arguments.expected))


if __name__ == "__main__":
    run(main)
