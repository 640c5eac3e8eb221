import os
import re
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from made_videos import make_video, number_of, scene

from emotion.errors import InputError
from emotion.media.video_reader import VideoReader

SCENES = [scene(i) for i in range(12)]


def read(path):
    with VideoReader(path) as video:
        return video, list(video)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("h264.mp4", {"audio": ["aac"]}),
        ("vp9.webm", {"codec": "libvpx-vp9", "audio": ["libopus"]}),
        ("mjpeg.avi", {"codec": "mjpeg", "pixels": "yuvj420p", "clock": 25, "audio": ["pcm_s16le"]}),
        ("transport.ts", {"clock": 90000, "audio": ["aac"]}),
        ("lossless.mkv", {"codec": "ffv1", "pixels": "yuv444p"}),
    ],
)
def test_every_frame_is_read_once_in_order_with_its_colours(tmp_path, name, options):
    video, frames = read(make_video(tmp_path / name, SCENES, **options))
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert frames[0].image[40:50, 140:150].mean((0, 1)) == pytest.approx((60, 90, 120), abs=6)
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(1 / 25, abs=0.001)
    assert video.problem is None


@pytest.mark.parametrize("matrix", [8, 10, 14, 17], ids=["YCgCo", "BT.2020 constant", "ICtCp", "YCgCo-Ro"])
def test_colours_tagged_as_nobody_converts_them_are_read_as_if_untagged(tmp_path, matrix):
    video, frames = read(make_video(tmp_path / "a.mkv", SCENES, matrix=matrix))
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert frames[0].image[40:50, 140:150].mean((0, 1)) == pytest.approx((60, 90, 120), abs=6)
    assert video.info.colours.matrix == 6


@pytest.mark.parametrize(
    ("fps", "clock", "times"),
    [
        (60000 / 1001, 60000, [i * 1001 / 60000 for i in range(12)]),
        (25, 1000, [0, 0.02, 0.1, 0.15, 0.4, 0.41, 0.5, 0.9, 1.0, 1.01, 1.3, 2.0]),
    ],
    ids=["59.94 a second", "a rate that varies"],
)
def test_frames_keep_their_times(tmp_path, fps, clock, times):
    _, frames = read(make_video(tmp_path / "a.mp4", SCENES, times, clock=clock, fps=fps))
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=0.0005)


@pytest.mark.parametrize(
    ("name", "options", "pause"),
    [
        ("a.ts", {"clock": 90000}, 0),
        ("a.ts", {"clock": 90000, "audio": ["aac"]}, 0.07),
        ("a.mpg", {"codec": "mpeg2video", "clock": 25, "audio": ["mp2"]}, 0.07),
    ],
    ids=["silent", "transport stream", "program stream"],
)
def test_time_goes_on_where_two_files_were_joined(tmp_path, name, options, pause):
    """`pause` is how long the pictures may wait, in seconds: the first file's sound ends after them."""
    half = make_video(tmp_path / name, SCENES, **options)
    joined = tmp_path / f"joined-{name}"
    joined.write_bytes(half.read_bytes() * 2)
    video, frames = read(joined)
    assert [number_of(frame.image) for frame in frames] == [*range(12), *range(12)]
    steps = np.diff([frame.time_s for frame in frames])
    assert np.delete(steps, 11) == pytest.approx(1 / 25, abs=0.001)
    assert 1 / 25 - 0.001 < steps[11] < 1 / 25 + pause + 0.001
    assert video.problem is None


@pytest.mark.parametrize(("rotation", "size", "red"), [
    (90, (120, 160), (-1, 0)), (180, (160, 120), (-1, -1)), (-90, (120, 160), (0, -1)),
])  # fmt: skip
def test_a_rotated_video_is_read_upright(tmp_path, rotation, size, red):
    """`red` is the corner, (row, column), that the drawing's red top left one is turned to."""
    video, frames = read(make_video(tmp_path / "a.mp4", SCENES, rotation=rotation))
    assert (video.info.width, video.info.height) == size
    assert frames[0].image.shape[1::-1] == size
    row, column = (-8 if end else 8 for end in red)
    assert frames[0].image[row, column].astype(int) == pytest.approx((0, 0, 250), abs=30)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {}),
        ("a.avi", {"codec": "mjpeg", "pixels": "yuvj420p", "clock": 25}),
        ("dropped.avi", {"codec": "mjpeg", "pixels": "yuvj420p", "clock": 25, "times": [i / 12.5 for i in range(50)]}),
        ("a.mkv", {"audio": ["aac"]}),
    ],
)
def test_of_a_truncated_file_what_is_there_is_read_and_the_rest_is_missed(tmp_path, name, options):
    path = make_video(tmp_path / name, [scene(i) for i in range(50)], **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video, frames = read(path)
    assert 5 < len(frames) < 45
    assert video.problem.startswith("cut short")
    if counted := re.search(r"(\d+) of 50 frames", video.problem):  # the last one there may be half there
        assert int(counted[1]) == len(frames)


def test_frames_dropped_by_an_avi_are_not_missed(tmp_path):
    times = [i / 25 for i in (0, 1, 2, 5, 6, 9, 10, 11, 12, 15, 16, 40)]
    video, frames = read(make_video(tmp_path / "a.avi", SCENES, times, codec="mjpeg", pixels="yuvj420p", clock=25))
    assert [frame.time_s for frame in frames] == pytest.approx(times)
    assert video.problem is None


def test_a_film_with_a_header_but_no_frame_is_refused(tmp_path):
    path = make_video(tmp_path / "a.mp4", SCENES)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 4])
    with pytest.raises(InputError, match="no frame that can be decoded"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp4", None, "no such file"),
        ("a.mp4", b"", "is empty"),
        ("a.txt", b"hello world\n" * 50, "not a video"),
        ("a.mp4", b"hello world\n" * 50, "not a video"),
    ],
    ids=["missing", "empty", "text", "text called mp4"],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        VideoReader(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.mp4", "ffconcat version 1.0\nfile other.mp4\n"),
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.mp4\n#EXT-X-ENDLIST\n"),
    ],
    ids=["FFmpeg's own", "HLS"],
)
def test_a_list_of_other_files_is_refused(tmp_path, name, text):
    """What it names would be read without anybody knowing, and an output might take its place."""
    make_video(tmp_path / "other.mp4", SCENES)
    (tmp_path / name).write_text(text)
    for source in (tmp_path / name, (tmp_path / name).as_uri()):
        with pytest.raises(InputError, match="a list of other files"):
            VideoReader(source)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_pipe_and_a_device_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        with pytest.raises(InputError, match="a pipe or a device, no file"):
            VideoReader(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no colons in names")
def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    make_video(tmp_path / "12:30.mp4", SCENES)
    monkeypatch.chdir(tmp_path)
    _, frames = read("12:30.mp4")
    assert len(frames) == 12


def test_a_folder_a_photo_and_a_sound_are_refused_each_by_its_name(tmp_path, sample):
    with pytest.raises(InputError, match="is a folder"):
        VideoReader(tmp_path)
    with pytest.raises(InputError, match=r"img_predict\.py"):
        VideoReader(sample)
    make_video(tmp_path / "a.mp4", SCENES, audio=["aac"])
    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    with pytest.raises(InputError, match="holds no video"):
        VideoReader(tmp_path / "sound.m4a")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell how much memory is taken")
def test_a_film_whose_decoder_holds_many_large_frames_is_read_as_far_as_memory_is_allowed(tmp_path):
    # 16 reference frames of 4:4:4 in 10 bits, 55 MB each: 9.2 megapixels, of which the header says nothing remarkable.
    size, film = (4000, 2304), tmp_path / "held.mp4"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "x264-params": "ref=16:bframes=0"})
        (stream.width, stream.height), stream.pix_fmt = size, "yuv444p10le"
        for number in range(20):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(scene(number, size), "bgr24")))
        out.mux(stream.encode())

    with VideoReader(film, max_pixels=60_000_000) as video:
        assert 0 < sum(1 for _ in video) < 20
        assert "--max-pixels MEGAPIXELS allows more" in video.problem
    with VideoReader(film) as video:
        assert (sum(1 for _ in video), video.problem) == (20, None)
