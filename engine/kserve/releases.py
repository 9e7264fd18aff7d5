"""Print the table of KServe's releases: which are supported, and what of serving each can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.command_line import SettingsError, parser

Mode = Literal["standard", "knative"]
OLD_NAMES: Mapping[Mode, str] = {"standard": "RawDeployment", "knative": "Serverless"}
NAMES: Mapping[Mode, str] = {"standard": "Standard", "knative": "Knative"}


@dataclass(frozen=True)
class Release:
    """`field` of an InferenceService's spec tells the release: older ones lack it."""

    versions: str
    field: str
    modes: Mapping[Mode, str]
    """What the annotation calls each mode; any other name silently becomes the cluster's default."""
    named_predictors: bool
    """Whether mode standard has `predictor.name` and `spec.canary`."""

    def check(self, mode: Mode, steps: list[int]) -> None:
        """Refuse what this release would refuse field by field, or ignore."""
        if steps and mode == "standard" and not self.named_predictors:
            raise SettingsError(
                f"serving.canary.steps: expected none with mode standard on KServe {self.versions}, found"
                f" {steps}; remove serving.gateway, set mode: knative, or install KServe {NEWEST.versions}"
            )


RELEASES = (
    Release("0.15", "predictor.autoScaling", OLD_NAMES, named_predictors=False),
    Release("0.16 to 0.19", "predictor.autoScaling.behavior", NAMES, named_predictors=False),
    Release("0.20", "canary", NAMES, named_predictors=True),
)
NEWEST = RELEASES[-1]


def release_of(openapi: Mapping[str, Any] | None) -> Release:
    """The newest release that all fields of the served definition allow.

    None, if the API publishes no definition, counts as the newest: what is applied then tells.
    """
    if openapi is None:
        return NEWEST
    schemas = openapi["components"]["schemas"]
    whole = [schema for name, schema in schemas.items() if name.endswith(".InferenceService")]
    spec = whole[0].get("properties", {}).get("spec", {}) if whole else {}
    if "properties" not in spec:
        raise SettingsError(
            "InferenceService: expected a definition with its fields, found one without;"
            " install KServe's full definitions (CRDs)"
        )
    supported = [release for release in RELEASES if _has(spec, release.field)]
    if not supported:
        oldest = RELEASES[0].versions
        raise SettingsError(f"expected KServe {oldest} or newer, found an older one; upgrade it")
    return supported[-1]


def _has(schema: Mapping[str, Any], field: str) -> bool:
    name, _, below = field.partition(".")
    properties = schema.get("properties", {})
    return name in properties and (not below or _has(properties[name], below))


def table() -> str:
    """The releases as docs/serving.md has them."""
    rows = (
        "| KServe | names of the modes | a new version in mode `standard` | in mode `knative` |",
        "|---|---|---|---|",
    )
    return "\n".join((*rows, *map(_row, RELEASES)))


def _row(release: Release) -> str:
    names = ", ".join(f"`{name}`" for name in release.modes.values())
    standard = (
        "a canary, with a gateway by `canary.steps`" if release.named_predictors else "a rolling update"
    )
    return f"| {release.versions} | {names} | {standard} | a canary by `canary.steps` |"


if __name__ == "__main__":
    parser(__doc__).parse_args()
    print(table())
