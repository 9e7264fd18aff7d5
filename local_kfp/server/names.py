"""What the real server's database takes as a name."""

import re

from local_kfp.server.errors import ApiError, invalid, name_taken
from local_kfp.server.store import Store

LONGEST = 128
LONGEST_OF_RUN = 255
_LAST_CHARACTER = "\uffff"  # its columns have three bytes a character, which excludes emoji


def check_printable(kind: str, name: str) -> None:
    """Refuse a name that would be more than one line of a log."""
    if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", name):
        raise invalid(f"expected the name of a {kind} without control characters, found {name!r}")


def check_storable(kind: str, name: str, longest: int = LONGEST) -> None:
    """Refuse a name as the real server's database does, which makes it the server's fault."""
    check_printable(kind, name)
    if len(name) > longest:
        reason = f"expected at most {longest} characters, found {len(name)}"
    elif max(name, default="") > _LAST_CHARACTER:
        reason = "expected no character beyond U+FFFF, such as an emoji"
    else:
        return
    raise ApiError("INTERNAL", f"InternalServerError: Failed to store the name of the {kind}: {reason}")


def check_free(store: Store, kind: str, table: str, column: str, name: str, **scope: str) -> None:
    """Refuse a name that a row has already, in upper or lower case; `scope` narrows the rows by column."""
    conditions = "".join(f" AND {key} = ?" for key in scope)
    taken = f"SELECT 1 FROM {table} WHERE {column} = ? COLLATE NOCASE{conditions}"
    if store.query(taken, name, *scope.values()):
        raise name_taken(kind, name)
