from datetime import UTC, datetime

import pytest

from local_kfp.server.macros import Macros, format_go

MOMENT = datetime(2013, 9, 2, 15, 4, 5, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02", "2013-09-02"),
        ("2006-01-02T15:04:05Z07:00", "2013-09-02T15:04:05Z"),
        ("Mon Jan _2 15:04:05 MST 2006", "Mon Sep  2 15:04:05 UTC 2013"),
        ("Monday, 02-Jan-06 3:04PM", "Monday, 02-Sep-13 3:04PM"),
        ("January 2, 2006 at 03h pm", "September 2, 2013 at 03h pm"),
        ("Month and Janet", "Month and Janet"),
        ("__2/002 -0700 -07:00 -07", "245/245 +0000 +00:00 +00"),
        ("05.000 05.999", "05.000 05"),
        ("_2006", "_2013"),
        ("yyyy-MM", "yyyy-MM"),
    ],
)
def test_format_go_formats_layouts_of_go(layout: str, text: str):
    assert format_go(MOMENT, layout) == text


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("[[CurrentTime]]", "20130902150405"),
        ("on [[CurrentTime.2006-01-02]] at [[CurrentTime.15:04]]", "on 2013-09-02 at 15:04"),
        ("run [[RunUUID]]", "run abc"),
        ("{{$.currentTime.strftime('%Y/%m/%d')}}", "2013/09/02"),
        ("[[Unknown]] [[ScheduledTimes]] {{$.inputs}}", "[[Unknown]] [[ScheduledTimes]] {{$.inputs}}"),
        ("[[CurrentTime.]]", ""),
    ],
)
def test_macros_are_replaced_by_their_values(text: str, expanded: str):
    assert Macros("abc", SECONDS).expand(text) == expanded


def test_macros_without_a_value_stay():
    text = "[[ScheduledTime]] [[ScheduledTime.2006]] [[Index]] {{$.scheduledTime.strftime('%Y')}}"
    assert Macros("abc", SECONDS).expand(text) == text
