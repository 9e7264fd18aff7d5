from engine.kubeflow.task_logs import LONGEST_LINE, MOST_LINES, printed

OF_A_POD = """\
I1127 07:06:00.123456      12 launcher_v2.go:151] publish success, with a struct of many characters
time="2026-11-27T07:06:00.000Z" level=info msg="capturing logs" argo=true
Traceback (most recent call last):
  ValueError: expected 3 columns
time = 3 seconds
F1127 07:06:01.123456      12 main.go:50] failed to execute component: exit status 1
"""


def test_printed_leaves_out_the_lines_of_launcher_and_argo() -> None:
    assert printed(OF_A_POD).splitlines() == [
        "Traceback (most recent call last):",
        "  ValueError: expected 3 columns",
        "time = 3 seconds",
    ]


def test_printed_cuts_long_lines_and_keeps_the_last() -> None:
    lines = printed("first\n" + "x\n" * (MOST_LINES - 1) + "y" * 5000).splitlines()
    assert len(lines) == MOST_LINES
    assert "first" not in lines
    assert lines[-1] == "y" * LONGEST_LINE + "… (5000 characters)"
