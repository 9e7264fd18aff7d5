"""Fail the run whose verdict did not pass."""

import json
from pathlib import Path

from components.shared import command_line

SCHEMA = Path(__file__).parents[1] / "compare_models" / "verdict.schema.json"


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verdict", type=Path, required=True)
    arguments = parser.parse_args()

    from components.compare_models import terminal, text

    verdict = read_verdict(arguments.verdict)
    print(terminal.render(verdict, color=False))
    if not verdict["passed"]:
        raise command_line.Finding(text.printable(f"{verdict['verdict']}: {verdict['reason']}"))


def read_verdict(path: Path) -> dict:
    """The document, checked: nothing passes because it could not be read."""
    import jsonschema

    try:
        verdict = json.loads(path.read_bytes())
        jsonschema.validate(verdict, json.loads(SCHEMA.read_bytes()), jsonschema.Draft202012Validator)
    except ValueError as error:
        raise command_line.SettingsError(f"{path}: expected a verdict, found no JSON ({error})") from None
    except jsonschema.ValidationError as error:
        raise command_line.SettingsError(
            f"{path}: expected a verdict, found {error.json_path}: {error.message}"
        ) from None
    return verdict


if __name__ == "__main__":
    command_line.run(main)
