"""Whether a task's condition holds."""

import re
from types import SimpleNamespace

from local_kfp.runner.task_documents import Values
from local_kfp.runner.tasks import TaskFailed

_CEL = re.compile(r"""(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<operator>&&|\|\||!(?!=))""")
_PYTHON = {"&&": " and ", "||": " or ", "!": " not "}
_NAMES = {"true": True, "false": False, "null": None, "int": int, "double": float, "string": str}


def holds(condition: str, arguments: Values) -> bool:
    """Whether a trigger condition holds, given the task's arguments.

    The CEL that the kfp compiler writes is Python except for three operators. Values are not inserted into
    the text, so quotes in them change nothing.
    """
    python = _CEL.sub(lambda match: match["text"] or _PYTHON[match["operator"]], condition)
    inputs = SimpleNamespace(parameter_values=arguments)
    try:
        return bool(eval(python.strip(), {"__builtins__": {}, **_NAMES}, {"inputs": inputs}))
    except Exception as error:
        raise TaskFailed(f"condition {condition}: {type(error).__name__}: {error}") from None
