import sys
from pathlib import Path

import pytest

from emotion.cli import app as cli
from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier
from emotion.faces.detector import HaarDetector
from emotion.files import MODEL


@pytest.fixture(autouse=True)
def script(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/img_predict.py"])


def parsed(*arguments):
    parser = cli.Parser("An example.")
    cli.add_shared_flags(parser)
    return parser.parse_args(list(arguments))


def interrupted():
    raise KeyboardInterrupt


def refused():
    raise PermissionError(13, "Permission denied", "closed/a.jpg")


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
    "arguments",
    [("--device", "tpu"), ("--min-face", "0"), ("--min-face", "big"), ("--unheard-of",), ("--model",)],
    ids=" ".join,
)
def test_a_wrong_flag_is_one_line(arguments):
    with pytest.raises(InputError, match=r"^[^\n]+; -h shows how to call it$"):
        parsed(*arguments)


def test_defaults():
    args = parsed()
    assert (args.model, args.labels, args.device, args.min_face) == ([MODEL], None, "auto", None)


def test_labels_are_split_at_commas():
    assert parsed("--labels", "joie, dégoût,peur").labels == ("joie", "dégoût", "peur")


def test_the_detector_of_the_flags():
    assert isinstance(cli.build_detector(parsed()), HaarDetector)
    assert cli.build_detector(parsed("--min-face", "77")).min_face == 77


def test_what_the_flags_have_read_is_known():
    args = parsed("--model", "a.h5", "b.h5", "--detector", "yunet=y.onnx")
    assert cli.read_files(args) == [Path("a.h5"), Path("b.h5"), Path("y.onnx")]
    assert cli.read_files(parsed()) == [MODEL]


def test_the_network_of_the_flags(monkeypatch):
    asked = []

    def load(paths, device="auto", labels=None, note=None):
        asked.append((paths, device, labels))
        return EmotionClassifier([], labels)

    monkeypatch.setattr("emotion.faces.classifier.load_classifier", load)
    args = parsed("--model", "a.h5", "b.h5", "--labels", "joie, peur", "--device", "cpu")
    assert cli.build_recognizer(args).labels == ("joie", "peur")
    assert asked == [([Path("a.h5"), Path("b.h5")], "cpu", ("joie", "peur"))]


@pytest.mark.parametrize(
    ("detector", "reason"),
    [
        ("mtcnn", "--detector mtcnn: expected haar or yunet=FILE.onnx"),
        ("haar=x.xml", "expected haar or yunet"),
        ("yunet", "--detector yunet: expected haar or yunet=FILE.onnx"),
        ("yunet=absent.onnx", r"no such file: absent\.onnx"),
    ],
)
def test_detectors_there_are_not(detector, reason):
    with pytest.raises(InputError, match=reason):
        cli.build_detector(parsed("--detector", detector))


def test_notes_go_to_stderr_unless_quiet(capsys):
    cli.note_to_stderr(parsed())("a note")
    cli.note_to_stderr(parsed("--quiet"))("unheard")
    assert capsys.readouterr() == ("", "a note\n")


def test_results_go_to_stdout(capsys):
    cli.say("a.jpg: happiness")
    assert capsys.readouterr() == ("a.jpg: happiness\n", "")
