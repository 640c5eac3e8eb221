"""Video files in: upright frames with their times, whatever FFmpeg reads. `video_sink.py` is the way out."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from emotion.errors import InputError
from emotion.media.address import local_files
from emotion.media.container import check_size, find_video, open_container
from emotion.media.decode import MAX_PIXELS, MORE
from emotion.media.memory import resident_bytes
from emotion.media.part import WHOLE, Part
from emotion.media.timestamps import frame_rate, packets_in_time, time_base
from emotion.media.video_info import Colours, Frame, VideoInfo, matrix

HELD_BYTES = 1 << 26  # of packets that wait for whether they are needed
# A decoder holds as many frames as the stream asks for, up to 17, of up to 6 bytes a pixel; its header does not tell.
# Of 4K that is 0.9 GB at most. Of larger frames it is measured, with all that the process takes meanwhile: 1.2 GB under the
# default of `max_pixels`. So vid_predict.py takes 1.29 GB of 8K in AV1; H.264 that holds 16 such frames, 1.97, is stopped at 1.49.
LARGE = 9_000_000  # pixels
HELD_A_PIXEL = 6  # bytes, of `max_pixels`
TOO_MUCH = f"needs too much memory from here on (vid_predict.py: {MORE})"
TICK_S = 0.0005  # what a time in a file may be rounded by

TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


class VideoReader:
    """The frames of a video file, by its path or its URL, in order, each once; a context manager.

    After the last frame `problem` says in a few words what was wrong with the file, if anything was.
    """

    def __init__(self, path: Path | str, part: Part = WHOLE, max_pixels: int = MAX_PIXELS):
        """`part`: the frames that are wanted; what need not be decoded for them is not. InputError for what is no video,
        has nothing there, or has frames of more than `max_pixels`.
        """
        self.problem: str | None = None
        self.refused: str | None = None
        self.part = part
        self.files = local_files(path)
        self.container = open_container(path)
        try:
            self.stream = find_video(self.container, path)
            check_size(self.stream, path, max_pixels)
            self.most_bytes = resident_bytes() + HELD_A_PIXEL * max_pixels
            self.start_s = (self.container.start_time or 0) / av.time_base
            self.end_s = stream_end(self.stream) - self.start_s
            self.reformatter = VideoReformatter()  # one for all: making one costs more than using it
            self.packets, self.seen_s = 0, self.start_s
            self.left_out = self.repaired = 0  # damaged packets and frames
            self.wanted_s = part.start_s if part.cut or part.every_s else float("-inf")  # when the next frame is wanted
            self.wanted = self._wanted()
            self.first = next(self.wanted, None)
            if self.first is None:
                raise InputError(f"{path}: {self.refused or self._nothing()}")
            self.info = self._describe(self.first[0])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.container.close()

    def __iter__(self) -> Iterator[Frame]:
        found, self.first = self.first, None
        while found is not None:
            frame, time_s = found
            duration = self.part.every_s or float((frame.duration or 0) * time_base(frame))
            if time_s < self.end_s < time_s + duration:
                duration = self.end_s - time_s  # an edit list may end the video inside its last frame
            yield Frame(self._upright(frame), time_s, duration)
            found = next(self.wanted, None)
        self.problem = self.refused or self._shortfall() or self.problem or self._damage()

    def _wanted(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """Each frame that is wanted, and when it is shown, in seconds from the start of the file."""
        step = float(1 / frame_rate(self.stream))
        time_s = -step
        for frame in self._decode():
            # A frame without a time, seen in old AVIs, follows the one before at the usual distance.
            time_s = time_s + step if frame.pts is None else float(frame.pts * time_base(frame)) - self.start_s
            if time_s >= self.part.end_s:
                return
            if time_s >= self.wanted_s - TICK_S:
                self.repaired += frame.is_corrupt
                self.wanted_s = self.part.after(time_s)
                yield frame, time_s

    def _decode(self) -> Iterator[av.VideoFrame]:
        """The frames from `wanted_s` on, and such before as it takes: a damaged packet costs itself, a damaged file its rest.

        Packets wait until it shows whether they are needed: where the next key frame comes before the time that is wanted,
        they are not. So of a recording of which a frame a minute is wanted, little is decoded.
        """
        waiting: list[av.Packet] = []
        stale = False  # whether the decoder still holds frames of packets before those that were left out
        try:
            # The sound's packets are looked at too: where they end tells whether the file does.
            for packet in packets_in_time(self._from_start()):
                if packet.pts is not None:
                    self.seen_s = max(self.seen_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                if packet.stream is not self.stream:
                    continue
                self.packets += packet.size > 0
                time_s = float((packet.dts or 0) * packet.time_base) - self.start_s
                if packet.is_keyframe and time_s <= self.wanted_s:
                    stale = stale or bool(waiting)
                    waiting.clear()
                waiting.append(packet)
                held = sum(packet.size for packet in waiting) > HELD_BYTES
                if packet.dts is not None and time_s < self.wanted_s and not held:
                    continue
                if stale:
                    self.stream.codec_context.flush_buffers()
                    stale = False
                for needed in waiting:
                    try:
                        yield from needed.decode()
                    except av.error.InvalidDataError:
                        self.left_out += 1
                    if self.stream.width * self.stream.height > LARGE and resident_bytes() > self.most_bytes:
                        self.refused = TOO_MUCH
                        return
                waiting.clear()
        except av.error.FFmpegError as error:
            self.problem = f"cannot be read to its end ({error.strerror})"

    def _from_start(self) -> av.container.InputContainer:
        """The file from the key frame before the part's start on; from its beginning where its clock may start over."""
        if self.part.start_s and "mpeg" not in self.container.format.name:
            with contextlib.suppress(av.error.FFmpegError):
                self.container.seek(int((self.start_s + self.part.start_s) * av.time_base))
        return self.container

    def _nothing(self) -> str:
        """Why there is no frame at all."""
        if self.part.cut:
            length_s = (self.container.duration or 0) / av.time_base
            return (
                f"has no frame from {self.part.start_s:g} s on; it is {length_s:.1f} s long"
                if length_s
                else "ends before --start"
            )
        return "has no frame that can be decoded; is the file complete?"

    def _damage(self) -> str | None:
        """What was damaged in between. FFmpeg fills such pictures from those beside them without a message."""
        found = [f"{self.repaired} frames are damaged and were filled from others"] if self.repaired else []
        found += [f"{self.left_out} pieces are damaged and were left out"] if self.left_out else []
        return " and ".join(found) or None

    def _shortfall(self) -> str | None:
        """What is missing at the end, going by what the file's header promised."""
        if self.part.cut:
            return None
        frames = self.packets
        if self.container.format.name == "avi":
            # Its count holds dropped frames too, which FFmpeg does not hand out. But of a file that is shorter than it
            # says, FFmpeg shortens the duration, in frames, by as much.
            frames = self.stream.duration or 0
        if frames < self.stream.frames:
            return f"cut short: {self.packets - self.left_out} of {self.stream.frames} frames are there"
        promised, there = (self.container.duration or 0) / av.time_base, self.seen_s - self.start_s
        if there + 0.5 < promised:
            return f"cut short: {there:.1f} of {promised:.1f} seconds are there"
        return None

    def _upright(self, frame: av.VideoFrame) -> np.ndarray:
        """The picture as a viewer sees it, in the size of the first frame."""
        turned = frame.rotation % 180 == 90
        size = (self.info.height, self.info.width) if turned else (self.info.width, self.info.height)
        frame.colorspace = matrix(frame)  # the tag: as an argument, reformat() would take it for a number of swscale's
        as_bgr = self.reformatter.reformat(frame, format="bgr24", width=size[0], height=size[1], threads=1)
        image = as_bgr.to_ndarray()
        turn = TURNS.get(frame.rotation % 360)
        return image if turn is None else cv2.rotate(image, turn)

    def _describe(self, frame: av.VideoFrame) -> VideoInfo:
        stream = self.stream
        width, height = frame.width, frame.height
        aspect = stream.sample_aspect_ratio or Fraction(1)
        if frame.rotation % 180 == 90:
            width, height, aspect = height, width, 1 / aspect
        fps = float(frame_rate(stream))
        duration = (self.container.duration or 0) / av.time_base
        if stream.duration:
            duration = float(stream.duration * time_base(stream))
        return VideoInfo(
            width=width,
            height=height,
            fps=min(fps, 1 / self.part.every_s) if self.part.every_s else fps,
            frames=self.part.count(stream.frames or round(duration * fps), duration, fps),
            time_base=time_base(stream),
            pixel_aspect=aspect,
            colours=Colours(matrix(frame), frame.color_primaries, frame.color_trc),
        )


def stream_end(stream: av.VideoStream) -> float:
    """When `stream` says it ends, in its own seconds; 0 where it does not say."""
    return float(((stream.start_time or 0) + stream.duration) * time_base(stream)) if stream.duration else 0.0
