"""Add a component to start from: interface, program, image, requirements and test."""

import re
from pathlib import Path

from engine.command_line import SettingsError, parser, run

TEMPLATES = Path("engine/templates/component")
FOLDER = Path("components")


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument("name", help="<verb_noun>, as in load_data")
    name = options.parse_args().name
    files = destinations(name)
    check(name, files)
    for path, text in rendered(name, files).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path)
    print("Next: make lock, .venv/bin/python -m pytest tests, and your own code in these files")


def destinations(name: str) -> dict[Path, str]:
    """The template of each file."""
    component = FOLDER / name
    return {
        component / "component.py": "component.py.j2",
        component / "main.py": "main.py.j2",
        component / "Dockerfile": "image.j2",
        component / "requirements.in": "requirements.in.j2",
        Path(f"tests/components/test_{name}.py"): "test.py.j2",
    }


def check(name: str, files: dict[Path, str]) -> None:
    if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name):
        raise SettingsError(f"{name}: expected a verb and a noun in lower case, as in load_data")
    if present := [str(path) for path in files if path.exists()]:
        raise SettingsError(
            f"{', '.join(present)}: expected a new component, found these files; pick a new name"
        )


def rendered(name: str, files: dict[Path, str]) -> dict[Path, str]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    templates = Environment(
        loader=loader,
        autoescape=False,  # the name is letters and underscores
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    values = {"name": name, "base": base_image()}
    return {path: templates.get_template(template).render(values) for path, template in files.items()}


def base_image() -> str:
    """The FROM line that all images share."""
    present = sorted(FOLDER.glob("*/Dockerfile"))
    if not present:
        raise SettingsError(f"{FOLDER}: expected another component to start from, found none")
    return present[0].read_text().partition("\n")[0]


if __name__ == "__main__":
    run(main)
