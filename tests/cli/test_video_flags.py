"""What the flags of moving pictures ask for, without a network."""

import pytest

from emotion.cli import app as cli
from emotion.cli.video_flags import add_video_flags, build_video_recognizer, search_in_time
from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier
from emotion.faces.tracker import HALF_LIFE


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    monkeypatch.setattr("emotion.faces.classifier.load_classifier", lambda *_: EmotionClassifier([], ("joy", "grief")))


def parsed(*arguments):
    parser = cli.Parser("An example.")
    add_video_flags(parser)
    cli.add_shared_flags(parser)
    return parser.parse_args(list(arguments))


def test_the_flags_rule_the_memory_and_the_search():
    recognizer = build_video_recognizer(parsed("--smooth", "1.5", "--detect-every", "3"), fps=30)
    assert (recognizer.tracker.half_life, recognizer.detector.detect_every) == (1.5, 3)
    assert recognizer.tracker.labels == recognizer.labels == ("joy", "grief")


@pytest.mark.parametrize(("fps", "every"), [(25, 6), (10, 2), (1, 1)])
def test_by_default_the_search_is_as_often_in_time_whatever_the_frame_rate(fps, every):
    recognizer = build_video_recognizer(parsed(), fps)
    assert (recognizer.tracker.half_life, recognizer.detector.detect_every) == (HALF_LIFE, every)


@pytest.mark.parametrize(("arguments", "every"), [([], 2), (["--detect-every", "3"], 3)], ids=["default", "asked for"])
def test_a_measured_rate_moves_the_default_and_nothing_that_was_asked_for(arguments, every):
    args = parsed(*arguments)
    recognizer = build_video_recognizer(args, fps=30)
    search_in_time(recognizer, args, fps=10)
    assert recognizer.detector.detect_every == every


def test_the_detector_of_the_flags_is_the_one_that_searches():
    assert build_video_recognizer(parsed("--min-face", "77"), fps=25).detector.detector.min_face == 77


@pytest.mark.parametrize("smooth", ["-0.1", "inf", "nan", "long"])
def test_a_half_life_is_a_time(smooth):
    with pytest.raises(InputError, match="--smooth"):
        parsed("--smooth", smooth)
