"""Words of strangers that attack what shows them, and a question that has them everywhere."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from engine.judging.verdict_document import judge
from engine.reporting import verdict_report as report
from engine.tests.questions import (
    ORIGIN,
    moves,
    probability,
    question,
)

GOOD, POOR = probability(), probability(noise=4.0)
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> ![i](http://evil/i.png) [l](javascript:x) "
    "@everyone #1 GH-2 www.evil.com https://evil.com ` | \x1b[31m\r\n::error::x ##[group]y $x$ **b** \"'&amp;"
)
MOVES = moves(
    *(
        {"at": f"2013-0{month}-02T06:00:00+00:00", "move": move, "metrics": {"roc_auc": auc}}
        for month, move, auc in ((5, "promote", 0.66), (6, "promote", 0.7), (7, "rollback", 0.66))
    )
)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def rendered(inputs):
    verdict, rows = judge(inputs)
    return verdict, report.render(verdict, rows, inputs)


def hostile():
    """Strangers' words wherever they can stand: in names, values, findings, provenance and history."""
    inputs = question(GOOD, control=POOR, champion=POOR, slices={"columns": [HOSTILE], "minimum_rows": 1})
    origin = np.char.add(ORIGIN.astype("U500"), HOSTILE)
    table = inputs.truth.rename_columns([*inputs.truth.column_names[:3], HOSTILE, "distance"])
    table = table.set_column(3, HOSTILE, [origin.tolist()])
    warnings = {"findings": [], "warnings": [{"message": HOSTILE, "check": HOSTILE, "column": HOSTILE}]}
    move = {
        **MOVES[0],
        "move": HOSTILE,
        "version": HOSTILE,
        "verdict": MOVES[0]["verdict"] | {"verdict": HOSTILE},
    }
    provenance = {"title": HOSTILE, HOSTILE: {HOSTILE: HOSTILE}}
    return replace(
        inputs,
        truth=table,
        evaluation=table,
        training=None,
        findings=warnings,
        history=[move, *MOVES],
        provenance=provenance,
    )
