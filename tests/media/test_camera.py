"""A camera on a clock that the test moves, or before a server that sends a picture when it is told to."""

import logging
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from made_videos import MjpegServer, make_video, number_of, pieces_of, scene, served

from emotion.errors import InputError
from emotion.media.camera import Camera, Clock

PATIENCE_S = 20  # for what happens in milliseconds, on a machine that is busy


class HandClock(Clock):
    """Stands still until it is moved by `advance`."""

    def __init__(self):
        self.now_s, self.moved = 0.0, threading.Condition()
        self.waiting = 0

    def now(self):
        return self.now_s

    def wait(self, event, seconds):
        with self.moved:
            until = self.now_s + seconds
            self.waiting += 1
            self.moved.notify_all()
            while not (event.is_set() or self.now_s >= until):
                self.moved.wait(0.05)
            self.waiting -= 1
        return event.is_set()

    def advance(self, seconds):
        """Move on, once somebody waits for it."""
        with self.moved:
            assert self.moved.wait_for(lambda: self.waiting, PATIENCE_S), "nobody waits"
            self.now_s += seconds
            self.moved.notify_all()


class RunningClock(Clock):
    """Runs ahead to whatever is waited for."""

    def __init__(self):
        self.now_s = 0.0

    def now(self):
        return self.now_s

    def wait(self, event, seconds):
        self.now_s += seconds
        return event.is_set()


class SteppedServer(MjpegServer):
    """A camera that sends a picture for each `send()`; while it is `free`, as they come. `last` is the newest sent."""

    def __init__(self, frame=scene):
        self.free, self.last = True, 0
        self.steps, self.held = threading.Semaphore(0), threading.Event()
        super().__init__(frame, fps=100)

    def picture(self, number):
        while not self.free and not self.steps.acquire(timeout=0.02):
            self.held.set()
            if not self.alive:
                raise ConnectionAbortedError
        self.last = number
        return super().picture(number)

    def send(self, pictures=1):
        for _ in range(pictures):
            self.steps.release()


@contextmanager
def stepped(clock=None, server_type=SteppedServer, user=""):
    """A server and a camera of it, which has the newest picture."""
    with server_type() as server, Camera(server.url.replace("://", f"://{user}"), clock) as camera:
        settle(server, camera)
        yield server, camera
        if server.alive:
            server.stop()


def settle(server, camera):
    """Once pictures flow, let no more do so, and wait for the last."""
    wait_for(lambda: camera.number and not camera.lost)
    server.held.clear()
    server.free = False
    assert server.held.wait(PATIENCE_S)
    server.send()
    last = server.last + 1
    wait_for(lambda: number_of(camera.image) == last % 256)


def take(camera):
    """The number, the time and the time of capture of the next frame."""
    frame = camera.newest(PATIENCE_S)
    assert frame is not None, "there is none"
    return number_of(frame[0]), frame[1], frame[2]


def take_all(camera):
    """The numbers and times of what is taken until the camera has finished."""
    taken, until = [], time.monotonic() + PATIENCE_S
    while not camera.finished:
        assert time.monotonic() < until, "it never ends"
        if (frame := camera.newest(0.1)) is not None:
            taken.append((number_of(frame[0]), frame[1]))
    return taken


def wait_for(condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def test_who_is_quick_gets_every_frame_and_who_is_slow_the_newest():
    with stepped() as (server, camera):
        first, _, _ = take(camera)
        for number in range(first + 1, first + 6):
            server.send()
            assert take(camera)[0] == number
        server.send(10)
        wait_for(lambda: number_of(camera.image) == first + 15)
        assert take(camera)[0] == first + 15, "not one of the nine that have passed meanwhile"
        assert camera.newest(0) is None, "each is given once"


def test_times_are_those_of_the_capture_and_start_with_the_first_that_is_taken():
    clock = RunningClock()
    with stepped(clock) as (server, camera):
        first = server.last
        clock.now_s = 100.0
        server.send()
        wait_for(lambda: number_of(camera.image) == first + 1)
        clock.now_s = 200.0
        assert take(camera) == (first + 1, 0, 100)
        server.send()
        assert take(camera) == (first + 2, 100, 200)


def test_a_file_starts_when_it_is_looked_at_and_keeps_its_own_time(tmp_path):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(20)], fps=5)
    clock = HandClock()
    with Camera(str(path), clock) as camera:
        clock.now_s = 7.0
        seen = [camera.newest(PATIENCE_S)]
        for _ in range(3):
            clock.advance(0.2)
            seen.append(camera.newest(PATIENCE_S))
        assert camera.newest(0) is None, "before its time has come"
    assert [number_of(image) for image, _, _ in seen] == [0, 1, 2, 3]
    assert [time_s for _, time_s, _ in seen] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert [captured_s for _, _, captured_s in seen] == pytest.approx([7, 7.2, 7.4, 7.6])


@pytest.mark.parametrize("looked_at", [False, True])
def test_a_file_that_is_left_keeps_nobody_waiting(tmp_path, looked_at):
    path = make_video(tmp_path / "a.mp4", [scene(0), scene(1)], [0, 60])
    with Camera(str(path), HandClock()) as camera:
        if looked_at:
            assert camera.newest(PATIENCE_S)
    assert not camera.thread.is_alive()


def test_a_camera_that_dies_is_waited_for_and_taken_up_again(caplog):
    caplog.set_level(logging.INFO, "emotion.media.camera")
    with stepped(RunningClock()) as (server, camera):
        take(camera)
        server.stop()
        wait_for(lambda: camera.lost)
        assert camera.newest(0) is None
        assert not camera.finished
        server.free = True
        server.start()
        settle(server, camera)
        assert take(camera)[0] == server.last
        assert caplog.messages == [f"{server.url}: lost; waiting for it to come back", f"{server.url}: is back"]


def test_a_numbered_camera_is_a_mirror_and_a_stream_is_none(monkeypatch):
    monkeypatch.setattr("emotion.media.camera.numbered_camera", lambda number: (scene(i) for i in [number]))
    with Camera("0") as camera:
        own, _, _ = camera.newest(PATIENCE_S)
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        theirs, _, _ = camera.newest(PATIENCE_S)
    red = [[int(image[10, x, 2]) > 200 for x in (10, 150)] for image in (own, theirs)]
    assert red == [[False, True], [True, False]]


@pytest.mark.parametrize("place", ["path", "file://", "http://"])
@pytest.mark.parametrize("kind", ["mp4", "ts"])
def test_a_file_plays_once_wherever_it_is(tmp_path, place, kind, caplog):
    path = make_video(tmp_path / f"a.{kind}", [scene(i) for i in range(20)], fps=25, clock=90000)
    caplog.clear()
    caplog.set_level(logging.INFO, "emotion.media.camera")
    with served([path.read_bytes()]) as url:
        source = {"path": str(path), "file://": path.as_uri(), "http://": url}[place]
        with Camera(source, RunningClock()) as camera:
            taken = take_all(camera)
    numbers = [number for number, _ in taken]
    assert numbers[-1] == 19
    assert numbers == sorted(set(numbers))
    first, first_s = taken[0]
    assert [time_s - first_s for _, time_s in taken] == pytest.approx(
        [(number - first) / 25 for number in numbers], abs=1e-3
    )
    assert (camera.problem, caplog.messages) == (None, [])


def test_what_a_file_lacks_is_known_at_its_end(tmp_path):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(40)], fps=50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Camera(str(path), RunningClock()) as camera:
        assert take_all(camera)
    assert camera.problem.startswith("cut short")


def test_a_damaged_picture_of_a_stream_costs_itself(caplog):
    class Damaging(SteppedServer):
        damaged = ()

        def picture(self, number):
            picture = super().picture(number)
            return picture[:60] if number in self.damaged else picture

    caplog.set_level(logging.INFO, "emotion.media.camera")
    with stepped(server_type=Damaging) as (server, camera):
        first, _, _ = take(camera)
        server.damaged = {first + 2, first + 4}
        numbers = []
        for whole in (first + 1, first + 3, first + 5):
            server.send(1 if whole == first + 1 else 2)
            numbers.append(take(camera)[0])
        assert numbers == [first + 1, first + 3, first + 5]
        assert caplog.messages == []


def test_a_stream_joined_between_key_frames_starts_with_the_next(tmp_path, caplog):
    path = make_video(tmp_path / "a.ts", [scene(i) for i in range(150)], clock=90000, group=50)
    caplog.clear()
    caplog.set_level(logging.INFO, "emotion.media.camera")
    with served(pieces_of(path)[5:], 1 / 50) as url, Camera(url) as camera:
        numbers = [number_of(camera.newest(PATIENCE_S)[0]) for _ in range(5)]
    assert numbers[0] >= 50
    assert numbers == sorted(numbers)
    assert caplog.messages == []


def test_what_goes_wrong_in_the_thread_is_raised_where_the_frames_are_taken(monkeypatch):
    def refuse(self):
        raise RuntimeError("no way back")

    monkeypatch.setattr(Camera, "_wait_for_return", refuse)
    with stepped() as (server, camera):
        take(camera)
        server.stop()
        with pytest.raises(RuntimeError, match="no way back"):
            camera.newest(PATIENCE_S)
        assert not camera.finished, "so that it is asked for a frame, and raises"


@pytest.mark.parametrize("source", ["99", "99999999999", "²", "http://127.0.0.1:9/video", "missing.mp4"])
def test_what_cannot_be_opened_at_first_is_an_error(source):
    with pytest.raises(InputError, match=source):
        Camera(source)


def test_a_password_is_in_no_error_and_in_no_note(caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(InputError) as error:
        Camera("http://me:geheim@127.0.0.1:9/video?pwd=geheim")
    assert "http://***@127.0.0.1:9/video?pwd=***: cannot be opened" in str(error.value)
    with served([b"no video at all"]) as url, pytest.raises(InputError) as error:
        Camera(url.replace("://", "://me:geheim@"))
    assert "geheim" not in str(error.value)
    with stepped(RunningClock(), user="me:geheim@") as (server, camera):
        server.stop()
        wait_for(lambda: camera.lost)
    assert "lost" in caplog.text
    assert "geheim" not in caplog.text


def test_frames_are_bgr_uint8():
    with MjpegServer(scene) as server, Camera(server.url) as camera:
        image, _, _ = camera.newest(PATIENCE_S)
    assert (image.shape, image.dtype) == ((120, 160, 3), np.uint8)
