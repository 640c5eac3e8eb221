"""Parts of a video, a frame now and then, damage, and animated pictures."""

import av
import numpy as np
import pytest
from made_videos import make_video, number_of, scene
from PIL import Image

from emotion.errors import InputError
from emotion.media.animation import AnimationReader, open_video
from emotion.media.part import Part
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink

SCENES = [scene(i) for i in range(100)]  # 4 seconds, a key frame each 12


def read(path, part):
    with open_video(path, part) as video:
        frames = list(video)
    return [number_of(frame.image) for frame in frames], [frame.time_s for frame in frames], video


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        (Part(1.0), range(25, 100)),
        (Part(end_s=1.0), range(25)),
        (Part(1.98, 2.1), [50, 51, 52]),
        (Part(every_s=1.0), [0, 25, 50, 75]),
        (Part(0.5, 3.0, 0.7), [13, 30, 48, 65]),
        (Part(every_s=0.04), range(100)),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_the_frames_of_a_part_are_those_of_the_whole(tmp_path, name, part, numbers):
    path = make_video(tmp_path / name, SCENES, clock=90000 if name == "a.ts" else 1000)
    seen, times, video = read(path, part)
    assert seen == list(numbers)
    assert times == pytest.approx([number / 25 for number in numbers], abs=0.002)
    assert video.problem is None


def test_what_need_not_be_decoded_is_not(tmp_path, monkeypatch):
    path = make_video(tmp_path / "a.mp4", SCENES, group=10)
    decoded = []
    with VideoReader(path, Part(every_s=2.0)) as video:
        decode = video._decode
        monkeypatch.setattr(video, "_decode", lambda: (decoded.append(1) or frame for frame in decode()))
        video.wanted_s, video.wanted = 0.0, video._wanted()
        video.container.seek(0)
        assert [number_of(frame.image) for frame in video] == [0, 0, 50]
    assert len(decoded) < 40


def test_a_part_without_a_frame_is_one_line(tmp_path):
    path = make_video(tmp_path / "a.mp4", SCENES)
    with pytest.raises(InputError, match=r"a\.mp4: has no frame from 9 s on; it is 4\.0 s long"):
        VideoReader(path, Part(9.0))


def test_the_sound_of_a_part_comes_along(tmp_path):
    path = make_video(tmp_path / "a.mp4", SCENES, audio=["aac"])
    part = Part(1.0, 3.0)
    with VideoReader(path, part) as video, VideoSink(tmp_path / "out.mp4", video.info, path, 1.0) as sink:
        for frame in video:
            sink.write(frame.image, frame.time_s - 1.0, frame.duration_s)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        for stream in container.streams:
            assert float((stream.start_time or 0) * stream.time_base) == pytest.approx(0, abs=0.05)
            assert float(stream.duration * stream.time_base) == pytest.approx(2.0, abs=0.08)


def test_damage_that_ffmpeg_conceals_is_counted(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (50, 120, 160, 3)).astype(np.uint8)
    path = make_video(tmp_path / "a.mp4", noise)
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat")
    for place in range(first + 2000, len(data) - 1000, (len(data) - first - 3000) // 20):
        data[place] ^= 0xFF
    path.write_bytes(data)
    with VideoReader(path) as video:
        assert len(list(video)) == 50
    assert video.repaired > 5
    assert video.problem == f"{video.repaired} frames are damaged and were filled from others"


def test_frames_of_too_many_pixels_are_refused_before_one_is_decoded(tmp_path):
    path = make_video(tmp_path / "a.mp4", SCENES[:3])
    with pytest.raises(InputError, match=r"a\.mp4: frames of 160 x 120 pixels"):
        VideoReader(path, max_pixels=10_000)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif"])
def test_an_animated_picture_is_a_video(tmp_path, name):
    images = [Image.fromarray(scene(i)[..., ::-1].copy()) for i in range(6)]
    options = {"lossless": True} if name == "a.webp" else {"quality": 100} if name == "a.avif" else {}
    images[0].save(tmp_path / name, save_all=True, append_images=images[1:], duration=100, loop=0, **options)
    seen, times, video = read(tmp_path / name, Part())
    assert seen == list(range(6))
    assert times == pytest.approx([i / 10 for i in range(6)], abs=0.001)
    assert (video.info.fps, video.info.frames, video.problem) == (pytest.approx(10), 6, None)
    assert read(tmp_path / name, Part(0.2, 0.5, 0.2))[0] == [2, 4]


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (Part(100), r"has no frame from 100 s on; it is 0\.3 s long"),
        (Part(0.3), r"has no frame from 0\.3 s on; it is 0\.3 s long"),
        (Part(0.02, 0.05), r"has no frame from 0\.02 to 0\.05 s"),
    ],
    ids=["far beyond its end", "at its end", "within a frame"],
)
def test_an_animation_without_a_frame_in_the_part_is_refused(tmp_path, part, problem):
    images = [Image.fromarray(scene(i)) for i in range(3)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=100)
    with pytest.raises(InputError, match=rf"a\.gif: {problem}$"):
        AnimationReader(tmp_path / "a.gif", part)


def test_a_still_picture_is_no_video(tmp_path):
    Image.fromarray(scene(1)).save(tmp_path / "a.gif")
    with pytest.raises(InputError, match=r"a\.gif: a picture, not a video; img_predict\.py takes it"):
        AnimationReader(tmp_path / "a.gif")


def test_an_animation_that_the_system_refuses_is_named(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("emotion.media.photo.open_regular", refused)  # root may read any
    (tmp_path / "a.gif").touch()
    with pytest.raises(InputError, match=r"a\.gif: permission denied$"):
        open_video(tmp_path / "a.gif")


def test_what_is_transparent_in_an_animation_is_white(tmp_path):
    images = [Image.new("RGBA", (20, 20), (0, 0, 0, alpha)) for alpha in (0, 255)]
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=50, lossless=True)
    with AnimationReader(tmp_path / "a.webp") as video:
        assert [frame.image[0, 0].tolist() for frame in video] == [[255] * 3, [0] * 3]
