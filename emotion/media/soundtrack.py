"""The sound of a video, carried over beside the pictures: every track, untouched where MP4 can hold it."""

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from emotion.media.container import open_container
from emotion.media.timestamps import packets_in_time, time_base

# What both MP4 and browsers take. The rest (PCM, Vorbis, AC-3, ...) becomes AAC.
COPIED_CODECS = {"aac", "mp3", "opus", "flac"}
AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}  # by the number of channels: WAV and AVI do not say which is which
MP3_RATE = 16000  # samples a second: FFmpeg's MP4 takes no slower MP3
GAP_S = 0.05  # seconds: a silence that was left out of the file, not a rounding of its clock


class Soundtrack:
    """The audio tracks of the file `source` from `from_s` on, written into `output` piece by piece, in step with the
    pictures.
    """

    def __init__(self, source: Path, output: av.container.OutputContainer, from_s: float = 0.0):
        self.input = open_container(source)
        self.output = output
        self.start_s = (self.input.start_time or 0) / av.time_base + from_s
        self.skip_s = self.start_s if from_s else float("-inf")  # sound before is left out
        self.tracks: dict[int, av.AudioStream] = {}  # by the source's index
        self.ends_s: dict[int, float] = {}  # of what was encoded, by the output's index
        self.last_dts: dict[int, int] = {}  # by the output's
        for stream in self.input.streams.audio:
            if stream.codec_context is None:  # a codec this FFmpeg does not know: nothing could play it
                continue
            track = output.add_stream_from_template(stream) if is_copied(stream) else add_aac(stream, output)
            track.metadata.update(
                {key: stream.metadata[key] for key in ("language", "title") if key in stream.metadata}
            )
            self.tracks[stream.index] = track
        self.packets = self._packets()
        self.waiting = next(self.packets, None)

    def copy_until(self, time_s: float) -> None:
        """Write what sounds before `time_s`, in seconds from where it starts."""
        while self.waiting is not None and seconds(self.waiting) - self.start_s < time_s:
            self._write(self.waiting)
            self.waiting = next(self.packets, None)

    def close(self) -> None:
        """Write what the encoders still hold."""
        for stream in self.input.streams.audio:
            track = self.tracks.get(stream.index)
            if track is not None and not is_copied(stream):
                self._encode(track, stream.codec_context.decode(None))
                self.output.mux(track.encode(None))
        self.input.close()

    def _packets(self) -> Iterator[av.Packet]:
        if not self.tracks:
            return
        try:
            for packet in packets_in_time(self.input):
                # The empty packet at the end has no time.
                if packet.stream.index in self.tracks and packet.dts is not None and seconds(packet) >= self.skip_s:
                    yield packet
        except av.error.FFmpegError:
            return  # a truncated file: the pictures' reader says so

    def _write(self, packet: av.Packet) -> None:
        track = self.tracks[packet.stream.index]
        shift = round(self.start_s / packet.time_base)
        if is_copied(packet.stream):
            # MP4 counts in samples and takes none twice; AVI gives some.
            sample = math.ceil(1 / (packet.stream.rate * packet.time_base))
            dts = (packet.dts or 0) - shift
            dts = max(dts, self.last_dts.get(track.index, dts - sample) + sample)
            packet.dts = self.last_dts[track.index] = dts
            packet.pts = None if packet.pts is None else max(packet.pts - shift, dts)
            packet.stream = track
            self.output.mux(packet)
            return
        with contextlib.suppress(av.error.InvalidDataError):  # a click, and no reason to stop
            decoded: list[Any] = packet.decode()  # PyAV's types know of pictures alone
            self._encode(track, decoded)

    def _encode(self, track: av.AudioStream, frames: list[av.AudioFrame]) -> None:
        """Encode decoded sound. Its times are counted in samples: those of some files overlap, and AAC's must not."""
        for frame in frames:
            start_s = self.ends_s.get(track.index, 0.0)
            if frame.time is not None and frame.time - self.start_s > start_s + GAP_S:
                start_s = frame.time - self.start_s
            self.ends_s[track.index] = start_s + frame.samples / frame.sample_rate
            frame.time_base = Fraction(1, frame.sample_rate)
            frame.pts = round(start_s * frame.sample_rate)
            self.output.mux(track.encode(frame))


def is_copied(stream: av.AudioStream) -> bool:
    """Whether MP4 can hold the track as it is."""
    codec = stream.codec_context.codec.canonical_name
    return codec in COPIED_CODECS and (codec != "mp3" or stream.rate >= MP3_RATE)


def add_aac(stream: av.AudioStream, output: av.container.OutputContainer) -> av.AudioStream:
    """A new AAC track as rich as `stream`, where AAC allows it."""
    rate = stream.rate if stream.rate in AAC_RATES else 48000
    layout = LAYOUTS.get(stream.layout.nb_channels, "stereo")
    return output.add_stream("aac", rate=rate, layout=layout)


def seconds(packet: av.Packet) -> float:
    """When `packet` is decoded, in seconds by its own clock."""
    return float((packet.dts or 0) * time_base(packet))
