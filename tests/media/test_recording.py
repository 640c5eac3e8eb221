"""A live camera on disk."""

import numpy as np
import pytest
from made_videos import frames_of, number_of, scene, times_of

from emotion.errors import InputError
from emotion.media.recording import Recording
from emotion.media.video_sink import VideoSink


def test_frames_are_shown_when_they_were_captured(tmp_path):
    times = [0, 0.03, 0.5, 2.0]
    with Recording(tmp_path / "a.mp4") as recording:
        for i, time_s in enumerate(times):
            recording.write(scene(i), time_s)
    assert times_of(tmp_path / "a.mp4") == pytest.approx(times, abs=0.001)
    assert [number_of(image) for image in frames_of(tmp_path / "a.mp4")] == [0, 1, 2, 3]


def test_a_camera_that_comes_back_with_another_size_is_recorded_in_the_first(tmp_path):
    with Recording(tmp_path / "a.mp4") as recording:
        for i, size in enumerate([(160, 120), (320, 240), (120, 160)]):
            recording.write(scene(i, size), i / 30)
    images = frames_of(tmp_path / "a.mp4")
    assert [image.shape for image in images] == [(120, 160, 3)] * 3
    assert [number_of(image) for image in images] == [0, 1, 2]


def test_without_a_frame_there_is_no_file(tmp_path):
    with Recording(tmp_path / "a.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, largest_file):
    noise = np.random.default_rng(0).integers(0, 256, (5, 120, 160, 3)).astype(np.uint8)
    refused = pytest.raises(InputError, match=r"a\.mp4: cannot be written")
    with largest_file(5000), refused, Recording(tmp_path / "a.mp4") as recording:
        for i, image in enumerate(noise):
            recording.write(image, i / 30)
    assert list(tmp_path.iterdir()) == []


def test_what_only_the_last_frame_meets_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    write = VideoSink.write

    def write_nine(sink, *arguments):
        if sink.frames == 9:
            raise InputError("a.mp4: cannot be written (no space left on device)")
        write(sink, *arguments)

    monkeypatch.setattr(VideoSink, "write", write_nine)
    with pytest.raises(InputError, match="no space left"), Recording(tmp_path / "a.mp4") as recording:
        for i in range(10):
            recording.write(scene(i), i / 30)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_before_the_first_frame(tmp_path):
    with pytest.raises(InputError, match="the output is an MP4"):
        Recording(tmp_path / "a.avi")
