import av
import numpy as np
import pytest
from made_videos import make_video, scene

from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink


def copy(source, target, frames=None):
    with VideoReader(source) as video, VideoSink(target, video.info, sound_from=source) as sink:
        for frame in list(video)[:frames]:
            sink.write(frame.image, frame.time_s, frame.duration_s)
    return target


def times(path, kind):
    with av.open(str(path)) as container:
        stream = container.streams.best(kind)
        return [float(packet.pts * packet.time_base) for packet in container.demux(stream) if packet.pts is not None]


def packets(path, track=0):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=track) if packet.dts is not None]


@pytest.mark.parametrize(
    ("name", "codecs", "out"),
    [
        ("a.mp4", ["aac"], ["aac"]),
        ("a.mkv", ["aac", "pcm_s16le"], ["aac", "aac"]),
        ("a.webm", ["libopus"], ["opus"]),
        ("a.avi", ["libmp3lame"], ["mp3"]),
        ("a.mov", ["ac3"], ["aac"]),
        ("silent.mp4", [], []),
    ],
)
def test_every_track_comes_along(tmp_path, name, codecs, out):
    video = "libvpx-vp9" if name.endswith("webm") else "libx264"
    clock = 25 if name.endswith("avi") else 1000
    source = make_video(tmp_path / name, [scene(i) for i in range(25)], codec=video, audio=codecs, clock=clock)
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        assert [stream.codec_context.codec.canonical_name for stream in container.streams.audio] == out
        for stream in container.streams.audio:
            assert float(stream.duration * stream.time_base) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("rate", "out"), [(8000, "aac"), (12000, "aac"), (16000, "mp3"), (22050, "mp3")])
def test_mp3_too_slow_for_mp4_becomes_aac(tmp_path, rate, out):
    source = make_video(tmp_path / "a.mkv", [scene(i) for i in range(25)], audio=["libmp3lame"], rate=rate)
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        (sound,) = container.streams.audio
        assert (sound.codec_context.codec.canonical_name, sound.rate) == (out, rate)
        assert float(sound.duration * sound.time_base) == pytest.approx(1.0, abs=0.2)


def test_sound_that_fits_is_copied_byte_by_byte(tmp_path):
    source = make_video(tmp_path / "a.mp4", [scene(i) for i in range(25)], audio=["aac"])
    assert packets(copy(source, tmp_path / "out.mp4")) == packets(source)


def test_converted_sound_is_the_same_tone(tmp_path):
    source = make_video(tmp_path / "a.mkv", [scene(i) for i in range(25)], audio=["pcm_s16le"])
    with av.open(str(copy(source, tmp_path / "out.mp4"))) as container:
        wave = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])[4800:43200]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert np.argmax(spectrum) * 48000 / len(wave) == pytest.approx(440, abs=3)


def test_the_sound_of_a_video_that_is_left_early_ends_with_it(tmp_path):
    source = make_video(tmp_path / "a.mp4", [scene(i) for i in range(50)], audio=["aac"])
    with av.open(str(copy(source, tmp_path / "out.mp4", frames=10))) as container:
        audio = container.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("codec", ["aac", "libmp3lame"])
def test_the_sound_of_joined_files_is_whole_and_in_step(tmp_path, codec):
    half = make_video(tmp_path / "a.ts", [scene(i) for i in range(25)], audio=[codec], clock=90000)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(half.read_bytes() * 2)
    out = copy(joined, tmp_path / "out.mp4")
    pictures, sound = times(out, "video"), times(out, "audio")
    second = len(times(half, "audio"))
    assert np.diff(sound) == pytest.approx(sound[1] - sound[0], abs=0.001)
    assert sound[second] - sound[0] == pytest.approx(pictures[25] - pictures[0], abs=0.001)
    assert sound[-1] == pytest.approx(2.0, abs=0.1)
