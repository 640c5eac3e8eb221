"""--show: what img_predict.py and vid_predict.py put on a screen, and the keys that end it."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_videos import frames_of, make_video, scene

import img_predict
import vid_predict
from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier

NO_KEY, ESCAPE, SPACE, Q = -1, 27, ord(" "), ord("q")


class FakeWindow:
    """Lists what it is shown, and hears the keys that it was given, one a time it listens."""

    keys, shown = iter(()), []

    def __init__(self, title, width, height):
        self.title, self.size = title, (width, height)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def show(self, frame):
        assert frame.shape[1::-1] == self.size
        self.shown.append(self.title)

    def key(self, wait_ms=1):
        return next(self.keys)


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "emotion.faces.recognizer.load_classifier", lambda *_, **__: EmotionClassifier([], ("joy", "grief"))
    )
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(monkeypatch):
    """call(img_predict, "a.png", "--show", keys=[Q]) -> the exit code, and the titles of what was shown."""

    def run(script, *arguments, keys=(), display=None):
        monkeypatch.setattr(script, "Window", FakeWindow)
        monkeypatch.setattr(script, "missing_display", lambda: display)
        monkeypatch.setattr(FakeWindow, "keys", iter(keys))
        monkeypatch.setattr(FakeWindow, "shown", [])
        monkeypatch.setattr(sys, "argv", [f"{script.__name__}.py", *arguments])
        return script.main(), FakeWindow.shown

    return run


@pytest.mark.parametrize(
    ("keys", "shown"),
    [([NO_KEY, SPACE, Q], 2), ([ESCAPE], 1), ([SPACE, ord("a"), ord("s")], 3)],
    ids=["q at the second", "Esc at the first", "any other key goes on"],
)
def test_photos_are_shown_one_after_the_other_until_it_is_enough(call, keys, shown, capsys):
    names = ["a.png", "b.png", "c.png"]
    for name in names:
        cv2.imwrite(name, np.full((60, 80, 3), 90, np.uint8))
    assert call(img_predict, *names, "-o", "out", "--show", keys=keys) == (0, names[:shown])
    assert sorted(path.name for path in Path("out").iterdir()) == names
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("last_key", [Q, ESCAPE], ids=["q", "Esc"])
def test_a_video_that_is_seen_enough_of_ends_with_what_was_done(call, last_key, capsys):
    make_video(Path("a.mp4"), [scene(i) for i in range(12)])
    arguments = "a.mp4", "--show", "-o", "out.mp4", "--json", "a.json"
    code, shown = call(vid_predict, *arguments, keys=[NO_KEY, SPACE, last_key])
    assert (code, shown) == (130, ["a.mp4"] * 3)
    assert len(frames_of(Path("out.mp4"))) == len(json.loads(Path("a.json").read_text())["frames"]) == 3
    assert capsys.readouterr().err == "vid_predict.py: interrupted; what was done is kept\n"


def test_without_a_display_a_video_is_annotated_all_the_same(call, capsys):
    make_video(Path("a.mp4"), [scene(i) for i in range(3)])
    assert call(vid_predict, "a.mp4", "--show", "-o", "out.mp4", display="there is no display") == (0, [])
    assert capsys.readouterr().err == "--show is left out: there is no display\n"
    assert len(frames_of(Path("out.mp4"))) == 3


def test_without_a_display_photos_are_read_all_the_same(call, capsys):
    cv2.imwrite("a.png", np.full((60, 80, 3), 90, np.uint8))
    assert call(img_predict, "a.png", "--show", "--no-copies", display="there is no display") == (0, [])
    assert capsys.readouterr() == ("a.png: no face found\n", "--show is left out: there is no display\n")


def test_with_nothing_but_a_missing_display_there_is_nothing_to_do(call):
    make_video(Path("a.mp4"), [scene(0)])
    with pytest.raises(InputError, match=r"--show: there is no display; use -o OUT\.mp4 instead"):
        call(vid_predict, "a.mp4", "--show", display="there is no display")


@pytest.fixture
def full_memory(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(vid_predict, "predict", full)


def test_a_video_that_is_too_large_for_the_memory_is_named(call, full_memory):
    make_video(Path("a.mp4"), [scene(0)])
    with pytest.raises(InputError, match=r"^a\.mp4: too large for the memory of this machine$"):
        call(vid_predict, "a.mp4", "--csv", "a.csv")


def test_of_several_videos_one_that_is_too_large_does_not_stop_the_rest(call, full_memory, capsys):
    names = ["a.mp4", "b.mp4"]
    for name in names:
        make_video(Path(name), [scene(0)])
    assert call(vid_predict, *names, "--csv", "a.csv") == (2, [])
    failed = "too large for the memory of this machine"
    rows = [row.split(",") for row in Path("a.csv").read_text().splitlines()]
    assert [row[2:4] for row in rows[1:3]] == [[name, f"failed: {failed}"] for name in names]
    assert capsys.readouterr().err == "".join(f"vid_predict.py: error: {name}: {failed}\n" for name in names)
