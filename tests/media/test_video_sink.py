import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from made_videos import frames_of, make_video, number_of, scene, times_of

from emotion.errors import InputError
from emotion.media.soundtrack import Soundtrack
from emotion.media.video_info import Colours, VideoInfo
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink

SCENES = [scene(i) for i in range(12)]
UNEVEN = [0, 0.02, 0.1, 0.15, 0.4, 0.41, 0.5, 0.9, 1.0, 1.01, 1.3, 2.0]


def copy(source, target):
    with VideoReader(source) as video, VideoSink(target, video.info, sound_from=source) as sink:
        for frame in video:
            sink.write(frame.image, frame.time_s, frame.duration_s)
    return target


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("even.mp4", {}),
        ("5994.mp4", {"times": [i * 1001 / 60000 for i in range(12)], "clock": 60000, "fps": 60000 / 1001}),
        ("uneven.mp4", {"times": UNEVEN}),
        ("uneven.mkv", {"times": UNEVEN}),
        ("web.webm", {"codec": "libvpx-vp9"}),
    ],
)
def test_the_copy_has_the_frames_at_the_times_of_its_source(tmp_path, name, options):
    source = make_video(tmp_path / name, SCENES, **options)
    target = copy(source, tmp_path / "out.mp4")
    assert times_of(target) == pytest.approx(times_of(source), abs=0.0006)
    assert [number_of(image) for image in frames_of(target)] == list(range(12))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no colons in names")
def test_names_with_colons_are_names(tmp_path, monkeypatch):
    make_video(tmp_path / "12:30.mp4", SCENES, audio=["aac"])
    monkeypatch.chdir(tmp_path)
    target = copy(Path("12:30.mp4"), Path("a:b.mp4"))
    assert len(frames_of(tmp_path / target)) == 12
    assert names(tmp_path) == ["12:30.mp4", "a:b.mp4"]


def test_the_copy_ends_when_its_source_does(tmp_path):
    source = make_video(tmp_path / "a.mp4", SCENES)
    with av.open(str(source)) as before, av.open(str(copy(source, tmp_path / "out.mp4"))) as after:
        assert after.streams.video[0].duration == before.streams.video[0].duration


def test_it_is_an_mp4_that_browsers_play(tmp_path):
    target = copy(make_video(tmp_path / "a.mkv", SCENES), tmp_path / "out.mp4")
    with av.open(str(target)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a browser wants the index first"


def test_an_odd_size_gets_its_last_row_and_column_twice(tmp_path):
    bright = np.full((121, 161, 3), 200, np.uint8)
    target = copy(make_video(tmp_path / "a.mkv", [bright] * 3, codec="ffv1", pixels="yuv444p"), tmp_path / "out.mp4")
    images = list(frames_of(target))
    assert [image.shape for image in images] == [(122, 162, 3)] * 3
    assert min(image.min() for image in images) > 190


@pytest.mark.parametrize(
    ("rotation", "aspect"), [(0, Fraction(16, 15)), (90, Fraction(15, 16))], ids=["upright", "turned"]
)
def test_pixels_that_are_no_squares_keep_their_shape(tmp_path, rotation, aspect):
    source = make_video(tmp_path / "a.mp4", SCENES, aspect=Fraction(16, 15), rotation=rotation)
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        assert container.streams.video[0].sample_aspect_ratio == aspect


@pytest.mark.parametrize(("matrix", "size"), [(1, (1280, 720)), (6, (160, 120)), (1, (160, 120))])
def test_colours_do_not_shift(tmp_path, matrix, size):
    bars = np.repeat(
        np.array([[(30, 40, 200), (40, 180, 60), (200, 90, 30), (128, 128, 128)]], np.uint8), size[0] // 4, 1
    )
    bars = np.repeat(bars, size[1], 0)
    info = VideoInfo(*size, 25, colours=Colours(matrix, matrix, matrix))
    with VideoSink(tmp_path / "a.mp4", info) as sink:
        for i in range(3):
            sink.write(bars, i / 25)
    with VideoReader(tmp_path / "a.mp4") as video:
        assert video.info.colours == info.colours
        seen = next(iter(video)).image
    copied = frames_of(copy(tmp_path / "a.mp4", tmp_path / "b.mp4"))[0]
    for column in range(size[0] // 8, size[0], size[0] // 4):
        for image in (seen, copied):
            assert image[size[1] // 2, column].astype(int) == pytest.approx(bars[0, column].astype(int), abs=10)


def test_times_that_stand_still_are_nudged_forward(tmp_path):
    with VideoSink(tmp_path / "a.mp4", VideoInfo(160, 120, 25, time_base=Fraction(1, 1000))) as sink:
        for i, time_s in enumerate([0, 0, 0.04, 0.03]):
            sink.write(scene(i), time_s)
    assert times_of(tmp_path / "a.mp4") == pytest.approx([0, 0.001, 0.04, 0.041])


def test_ctrl_c_leaves_a_playable_file_and_an_error_leaves_nothing(tmp_path):
    for error, left in ((KeyboardInterrupt, ["a.mp4"]), (RuntimeError, [])):
        with pytest.raises(error), VideoSink(tmp_path / "a.mp4", VideoInfo(160, 120, 25)) as sink:
            for i in range(5):
                sink.write(scene(i), i / 25)
            raise error
        assert [path.name for path in tmp_path.iterdir()] == left
        if left:
            assert len(frames_of(tmp_path / "a.mp4")) == 5
            (tmp_path / "a.mp4").unlink()


@pytest.mark.parametrize("when", ["copy_until", "close"])
def test_what_ffmpeg_refuses_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, when):
    def refuse(*_):
        raise av.error.ArgumentError(22, "Invalid argument")

    source = make_video(tmp_path / "a.mp4", SCENES, audio=["aac"])
    monkeypatch.setattr(Soundtrack, when, refuse)
    with pytest.raises(InputError, match=r"out\.mp4: cannot be written \(invalid argument\)$"):
        copy(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("frames", [5, 50], ids=["known at the end", "known on the way"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, largest_file, frames):
    noise = np.random.default_rng(0).integers(0, 256, (frames, 120, 160, 3)).astype(np.uint8)
    refused = pytest.raises(InputError, match=r"a\.mp4: cannot be written \(file too large\)$")
    with largest_file(5000), refused, VideoSink(tmp_path / "a.mp4", VideoInfo(160, 120, 25)) as sink:
        for i, image in enumerate(noise):
            sink.write(image, i / 25)
    assert names(tmp_path) == []


def test_without_a_frame_there_is_no_file(tmp_path):
    with VideoSink(tmp_path / "a.mp4", VideoInfo(160, 120, 25)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "reason"), [
    ("a.avi", "ending .mp4"), ("no/a.mp4", "no folder"), (".mp4/", "ending"), ("folder.mp4", "is a folder"),
])  # fmt: skip
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path, name, reason):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputError, match=reason):
        VideoSink(tmp_path / name, VideoInfo(160, 120, 25))
