"""The one file that passes from place to place: a tar of plain files with known names."""

import re
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from engine.command_line import SettingsError
from engine.tables import written_whole

MOST_BYTES = 2 << 30
MOST_FILES = 1000


def pack(parts: Mapping[str, Path], target: Path) -> None:
    """Write the files and folders `parts` to the tar `target`, each under its name."""
    with written_whole(target) as unfinished, tarfile.open(unfinished, "w") as archive:
        for name, path in parts.items():
            files = sorted(path.iterdir()) if path.is_dir() else [path]
            for file in files:
                archive.add(file, f"{name}/{file.name}" if path.is_dir() else name, recursive=False)


def unpack(archive: Path, names: str, target: Path) -> None:
    """Leave the files of `archive` in the folder `target`.

    It may come from foreign code: a name that does not match the pattern `names`, a name twice, anything but
    a plain file, and more than MOST_BYTES are refused before anything is left.
    """
    with written_whole(target) as folder:
        folder.mkdir(parents=True)
        try:
            with tarfile.open(archive, "r:") as opened:
                _extract(opened, re.compile(names), folder, archive.stat().st_size)
        except (tarfile.TarError, EOFError, OverflowError, UnicodeError, ValueError) as error:
            raise _refusal("a tar of plain files", f"{type(error).__name__}: {error}") from None


def _extract(opened: tarfile.TarFile, names: re.Pattern[str], folder: Path, size: int) -> None:
    left, extracted = min(MOST_BYTES, size), set[str]()
    for member in opened:
        left -= member.size
        if not names.fullmatch(member.name) or member.name in extracted:
            raise _refusal("each known name once", repr(member.name)[:100])
        if member.type != tarfile.REGTYPE or member.issparse() or "size" in member.pax_headers:
            raise _refusal("plain files", f"another kind at {member.name}")
        extracted.add(member.name)
        if left < 0 or len(extracted) > MOST_FILES:
            raise _refusal(
                f"at most {MOST_FILES} files with the bytes of the tar, {MOST_BYTES:,} at most", "more"
            )
        path = folder / member.name
        path.parent.mkdir(exist_ok=True)
        content = opened.extractfile(member)
        assert content
        with path.open("xb") as file:
            shutil.copyfileobj(content, file)


def _refusal(expected: str, actual: str) -> SettingsError:
    return SettingsError(f"what was handed over: expected {expected}, found {actual}")
