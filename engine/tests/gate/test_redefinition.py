"""Tests of engine/gate/redefinition.py: what makes the figures of a change answer another question."""

import textwrap
from types import SimpleNamespace
from typing import Any

import pytest

from engine.gate.redefinition import FEATURES_FILE, redefined
from engine.settings.settings import parse
from engine.tests.settings.test_settings import TEXT

CODE = '''
def label(sales):
    """1 if sold."""
    return sales["price"].notna()


def features(tables, settings):
    return tables["sales"][["area"]]
'''


HELPED = CODE.replace(
    "def label", "LEAST = 0\n\n\ndef is_sold(price):\n    return price > 0 + LEAST\n\n\ndef label"
).replace('sales["price"].notna()', 'is_sold(sales["price"])')


def code_of(settings: str = TEXT, features: str | None = CODE) -> Any:
    files = {} if features is None else {FEATURES_FILE: SimpleNamespace(content=features.encode())}
    source = SimpleNamespace(read=lambda paths: {path: files[path] for path in paths})
    return SimpleNamespace(settings=parse(settings, "mlops.yaml"), source=source)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("data/my sales", "data/other", "mlops.yaml: data.tables"),
        ("history_days: 7", "history_days: 8", "mlops.yaml: data.tables"),
        ("time: day,", "time: day, arrives_after: 1h,", "mlops.yaml: data.tables"),
        ("at: before_sale", "at: before_sale\n  lead: 2h", "mlops.yaml: data.tables"),
        ("key: sale_id", "key: sale", "mlops.yaml: data.key"),
        ("matures_after_days: 1", "matures_after_days: 2", "mlops.yaml: label"),
        ("time: sold_at}", "time: sold_at, known: {price: after_sale}}", None),
        ("training_days: 60", "training_days: 50", None),
        ("    area: {type: number, known: before_sale, min: 0, max: 900}\n", "", None),
    ],
)
def test_settings_that_say_what_is_asked_redefine_it(old: str, new: str, found: str | None) -> None:
    assert old in TEXT
    changed = code_of(TEXT.replace(old, new))
    assert [*redefined(changed, code_of())] == ([found] if found else [])


@pytest.mark.parametrize(
    ("features", "is_other"),
    [
        (CODE.replace('"price"', '"offer"'), True),
        (CODE.replace("def label", "def labels"), True),
        ("def label(:", True),
        (f"def label(sales):\n    return {' + '.join('1' * 1500)}", True),
        (None, True),
        (HELPED.replace("> 0", "> 1"), True),
        (HELPED.replace("LEAST = 0", "LEAST = 1"), True),
        (f"{CODE}\nlabel = len\n", True),
        (f"if True:\n{textwrap.indent(CODE, '    ')}", True),
        (CODE.replace('"area"', '"rooms"'), False),
        (f"{CODE}\nOTHER = 1\n", False),
        (CODE.replace("1 if sold", "Whether it was sold"), False),
        (CODE.replace("    return sales", "    # known later\n    return  sales"), False),
    ],
)
def test_code_of_the_label_redefines_it(features: str | None, is_other: bool) -> None:
    base = code_of(features=HELPED if features and "is_sold" in features else CODE)
    found = [*redefined(code_of(features=features), base)]
    assert found == ([f"{FEATURES_FILE}: label"] if is_other else [])


def imported(statement: str) -> str:
    """Code whose label reads what the statement imports."""
    return f"{statement}\n\n\n{CODE.replace('notna()', 'map(os.path.exists)')}"


@pytest.mark.parametrize(
    ("features", "base"),
    [
        (imported("import os.path"), imported("from os import name as os")),
        (imported("import ntpath as os"), imported("import posixpath as os")),
        (imported("from six import os"), imported("from shutil import os")),
        (imported("import os.path"), imported("import os")),
    ],
)
def test_an_import_that_the_label_reads_redefines_it(features: str, base: str) -> None:
    changed = redefined(code_of(features=features), code_of(features=base))
    assert [*changed] == [f"{FEATURES_FILE}: label"]


def test_code_that_is_no_text_redefines_the_label() -> None:
    broken = code_of()
    broken.source.read = lambda paths: dict.fromkeys(paths, SimpleNamespace(content=b"\xff"))
    assert [*redefined(broken, code_of())] == [f"{FEATURES_FILE}: label"]
