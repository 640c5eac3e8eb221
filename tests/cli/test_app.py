import sys

import pytest

from emotion.cli import app as cli
from emotion.errors import InputError


@pytest.fixture(autouse=True)
def script(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/img_predict.py"])


def interrupted():
    raise KeyboardInterrupt


def refused():
    raise PermissionError(13, "Permission denied", "closed/a.jpg")


def refused_by_another_name():
    raise PermissionError(13, "Permission denied", "a\x1b[2J\u202eb.jpg")


def wrong():
    raise InputError("a.jpg: no such file")


@pytest.mark.parametrize(
    ("main", "code", "told"),
    [
        pytest.param(lambda: None, 0, "", id="done"),
        pytest.param(lambda: cli.PARTLY, 1, "", id="partly done"),
        pytest.param(wrong, 2, "img_predict.py: error: a.jpg: no such file\n", id="a wrong call"),
        pytest.param(
            refused, 2, "img_predict.py: error: closed/a.jpg: permission denied\n", id="refused by the system"
        ),
        pytest.param(
            refused_by_another_name,
            2,
            "img_predict.py: error: a\\x1b[2J\\u202eb.jpg: permission denied\n",
            id="a name that would write on the terminal",
        ),
        pytest.param(interrupted, 130, "img_predict.py: interrupted; what was done is kept\n", id="interrupted"),
    ],
)
def test_exit_codes(main, code, told, capsys):
    with pytest.raises(SystemExit) as end:
        cli.run(main)
    assert end.value.code == code
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("failures", "code"), [([], 0), (["a: bad"], 1), (["a: bad", "b: bad"], 2)], ids=["none", "some", "all"]
)
def test_a_report_names_each_failure(failures, code, capsys):
    assert cli.report(failures, total=2) == code
    assert capsys.readouterr().err.splitlines() == [f"img_predict.py: error: {failure}" for failure in failures]


@pytest.mark.parametrize(
    ("failed", "useful", "code"),
    [(0, 3, cli.DONE), (1, 2, cli.PARTLY), (3, 0, cli.FAILED), (3, 40, cli.PARTLY)],
    ids=["all", "some", "none", "films that break"],
)
def test_a_batch_has_failed_where_nothing_came_of_it(failed, useful, code, tmp_path):
    assert cli.report_table(tmp_path / "failed.csv", failed, 3, useful) == code
