"""What the shared flags ask for, without a network."""

from pathlib import Path

import pytest

from emotion.cli.app import Parser
from emotion.cli.flags import (
    add_shared_flags,
    add_video_flags,
    photo_recognizer,
    video_recognizer,
)
from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier
from emotion.faces.smoothing import HALF_LIFE
from emotion.faces.yunet import YuNetDetector
from emotion.shipped import MODEL


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    monkeypatch.setattr(
        "emotion.faces.recognizer.load_classifier", lambda *_, **__: EmotionClassifier([], ("joy", "grief"))
    )


def parsed(*arguments):
    parser = Parser("An example.")
    add_video_flags(parser)
    add_shared_flags(parser)
    return parser.parse_args(list(arguments))


def test_the_flags_rule_the_memory_and_the_search():
    recognizer = video_recognizer(parsed("--smooth", "1.5", "--detect-every", "3"), fps=30)
    assert (recognizer.smoother.half_life, recognizer.detector.detect_every) == (1.5, 3)
    assert recognizer.labels == ("joy", "grief")


@pytest.mark.parametrize(("fps", "every"), [(25, 6), (10, 2), (1, 1)])
def test_by_default_the_search_is_as_often_in_time_whatever_the_frame_rate(fps, every):
    recognizer = video_recognizer(parsed(), fps)
    assert (recognizer.smoother.half_life, recognizer.detector.detect_every) == (HALF_LIFE, every)


@pytest.mark.parametrize(("arguments", "every"), [([], 2), (["--detect-every", "3"], 3)], ids=["default", "asked for"])
def test_a_measured_rate_moves_the_default_and_nothing_that_was_asked_for(arguments, every):
    recognizer = video_recognizer(parsed(*arguments), fps=30)
    stream = recognizer.new_stream()
    for each in (recognizer, stream):
        each.set_fps(10)
        assert each.detector.detect_every == every


def test_the_detector_of_the_flags_is_the_one_that_searches():
    assert video_recognizer(parsed("--min-face", "77"), fps=25).detector.detector.min_face == 77


@pytest.mark.parametrize("smooth", ["-0.1", "inf", "nan", "long"])
def test_a_half_life_is_a_time(smooth):
    with pytest.raises(InputError, match="--smooth"):
        parsed("--smooth", smooth)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--device", "tpu"),
        ("--min-face", "0"),
        ("--min-face", "big"),
        ("--min-score", "1.1"),
        ("--detector", "mtcnn"),
        ("--unheard-of",),
        ("--model",),
    ],
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
    assert isinstance(photo_recognizer(parsed()).detector.detector, YuNetDetector)
    recognizer = photo_recognizer(parsed("--min-face", "77", "--min-score", "0.9"))
    assert (recognizer.detector.detector.min_face, recognizer.min_score) == (77, 0.9)


def test_the_network_of_the_flags(monkeypatch):
    asked = []

    def load(paths, device, labels, mirror, scaling):
        asked.append((paths, device, labels, scaling))
        return EmotionClassifier([], labels)

    monkeypatch.setattr("emotion.faces.recognizer.load_classifier", load)
    args = parsed("--model", "a.h5", "b.h5", "--labels", "joie, peur", "--device", "cpu", "--scaling", "-1-1")
    assert photo_recognizer(args).labels == ("joie", "peur")
    assert asked == [([Path("a.h5"), Path("b.h5")], "cpu", ("joie", "peur"), "-1-1")]


@pytest.mark.parametrize(
    ("flags", "photos", "videos"),
    [([], True, False), (["--tta"], True, True), (["--no-tta"], False, False)],
    ids=["default", "asked for", "refused"],
)
def test_the_mirror_image_is_asked_about_in_photos_unless_the_flags_say_otherwise(monkeypatch, flags, photos, videos):
    asked = []

    def load(paths, device, labels, mirror, scaling):
        asked.append(mirror)
        return EmotionClassifier([], ("joy", "grief"))

    monkeypatch.setattr("emotion.faces.recognizer.load_classifier", load)
    photo_recognizer(parsed(*flags))
    video_recognizer(parsed(*flags), fps=25)
    assert asked == [photos, videos]
