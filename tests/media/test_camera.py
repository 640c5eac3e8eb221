import time

import numpy as np
import pytest
from made_videos import MjpegServer, make_video, number_of, pieces_of, scene, served

from emotion.errors import InputError
from emotion.media.camera import Camera


def take(camera, seconds):
    """What is taken from `camera` in so many seconds: (number, time, how old it was), as fast as it comes."""
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        if (frame := camera.newest(0.1)) is not None:
            image, time_s, captured_s = frame
            taken.append((number_of(image), time_s, captured_s))
    return taken


def take_all(camera):
    """What is taken from `camera` until it has finished."""
    taken, until = [], time.monotonic() + 10
    while not camera.finished:
        assert time.monotonic() < until, "it never ends"
        taken += take(camera, 0.1)
    return taken


def test_a_stream_gives_every_frame_to_who_is_quick_and_the_newest_to_who_is_slow():
    with MjpegServer(scene, fps=25) as server, Camera(server.url) as camera:
        quick = [number for number, _, _ in take(camera, 0.8)]
        assert len(quick) > 10
        assert max(np.diff(quick)) <= 2
        time.sleep(0.4)
        sent = server.number
        number, _, captured_s = take(camera, 0.1)[0]
        assert number % 256 >= sent - 1, "not one of the ten that have passed meanwhile"
        assert captured_s - server.sent_s[number] < 0.2


def test_times_are_those_of_the_capture():
    with MjpegServer(scene, fps=20) as server, Camera(server.url) as camera:
        taken = take(camera, 1.0)
        assert np.median(np.diff([time_s for _, time_s, _ in taken])) == pytest.approx(0.05, abs=0.02)


def test_time_starts_with_the_first_frame_that_is_taken():
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        time.sleep(0.5)
        number, time_s, _ = take(camera, 0.1)[0]
    assert number > 5, "a camera does not wait"
    assert time_s == 0


def test_a_file_starts_when_it_is_looked_at(tmp_path):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(20)], fps=5)
    with Camera(str(path)) as camera:
        time.sleep(0.5)
        first, second = take(camera, 0.35)[:2]
    assert [first[0], second[0]] == [0, 1]
    assert first[1] == 0
    assert second[1] == pytest.approx(0.2, abs=0.05)


def test_a_file_that_nobody_looks_at_keeps_nobody_waiting(tmp_path):
    path = make_video(tmp_path / "a.mp4", [scene(0), scene(1)], [0, 60])
    started = time.monotonic()
    with Camera(str(path)):
        pass
    with Camera(str(path)) as camera:
        assert take(camera, 0.2)
    assert time.monotonic() - started < 2


def test_a_camera_that_dies_is_waited_for_and_taken_up_again(notes):
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        assert take(camera, 0.4)
        server.stop()
        take(camera, 0.5)
        assert take(camera, 0.2) == []
        assert camera.lost
        assert not camera.finished
        server.start()
        assert take(camera, 2.5)
        assert not camera.lost
    assert notes == [f"{server.url}: lost; waiting for it to come back", f"{server.url}: is back"]


def test_a_numbered_camera_is_a_mirror_and_a_stream_is_none(monkeypatch):
    monkeypatch.setattr("emotion.media.camera.numbered_camera", lambda number: (scene(i) for i in [number]))
    with Camera("0") as camera:
        own, _, _ = camera.newest(5)
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        theirs, _, _ = camera.newest(5)
    red = [[int(image[10, x, 2]) > 200 for x in (10, 150)] for image in (own, theirs)]
    assert red == [[False, True], [True, False]]


@pytest.mark.parametrize("place", ["path", "file://", "http://"])
def test_a_file_plays_once_at_its_own_pace_wherever_it_is(tmp_path, place, notes):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(20)], fps=25)
    started = time.monotonic()
    with served([path.read_bytes()]) as url:
        source = {"path": str(path), "file://": path.as_uri(), "http://": url}[place]
        with Camera(source) as camera:
            taken = [number for number, _, _ in take_all(camera)]
    assert taken[-1] == 19
    assert taken == sorted(set(taken))
    assert 0.7 < time.monotonic() - started < 3
    assert (camera.problem, notes) == (None, [])


def test_what_a_file_lacks_is_known_at_its_end(tmp_path):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(40)], fps=50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Camera(str(path)) as camera:
        assert take_all(camera)
    assert camera.problem.startswith("cut short")


def test_a_damaged_picture_of_a_stream_costs_itself(notes):
    class Damaging(MjpegServer):
        def picture(self, number):
            return super().picture(number)[: 60 if number % 10 == 0 else None]

    with Damaging(scene) as server, Camera(server.url) as camera:
        taken = [number for number, _, _ in take(camera, 1.2)]
    assert taken[-1] > 20
    assert not [number for number in taken if number % 10 == 0]
    assert notes == []


def test_a_stream_joined_between_key_frames_starts_with_the_next(tmp_path, notes):
    path = make_video(tmp_path / "a.ts", [scene(i) for i in range(150)], clock=90000, group=50)
    with served(pieces_of(path)[5:], 1 / 50) as url, Camera(url) as camera:
        taken = [number for number, _, _ in take(camera, 1.5)]
    assert 50 <= taken[0] < 60
    assert taken == sorted(taken)
    assert notes == []


def test_what_goes_wrong_in_the_thread_is_raised_where_the_frames_are_taken(monkeypatch):
    def refuse(text):
        raise RuntimeError(text)

    monkeypatch.setattr("emotion.media.camera.logger.info", refuse)
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        assert take(camera, 0.3)
        server.stop()
        with pytest.raises(RuntimeError, match="lost"):
            take(camera, 5)
        assert not camera.finished, "so that it is asked for a frame, and raises"


@pytest.mark.parametrize("source", ["99", "99999999999", "²", "http://127.0.0.1:9/video", "missing.mp4"])
def test_what_cannot_be_opened_at_first_is_an_error(source):
    started = time.monotonic()
    with pytest.raises(InputError, match=source):
        Camera(source)
    assert time.monotonic() - started < 8
