"""A video file or a URL, opened by FFmpeg: what it is refused for, before a frame is decoded."""

from pathlib import Path
from typing import Any

import av

from emotion.errors import InputError, reason
from emotion.media.address import check_scheme, local_files
from emotion.media.decode import MORE, MOVING

# Lists of other files: whoever wrote one would choose what is read here, and might have an output take its place.
LIST_FORMATS = {"concat", "hls", "dash", "imf", "sdp"}
# What FFmpeg would also call a video: a text file as ANSI art, a photo as a film of one frame.
TEXT_FORMATS = {"tty", "bin", "xbin", "adf", "idf"}
PICTURE_FORMATS = ("image2", "_pipe")

# For URLs: a server silent for longer counts as lost, and RTSP goes by TCP, which loses nothing on the way.
TIMEOUT_S = 5.0
URL_OPTIONS = {"rtsp_transport": "tcp"}


def open_container(path: Path | str) -> av.container.InputContainer:
    """The file or URL, opened by FFmpeg; raises InputError for what is no video."""
    local, name = Path(path), str(path)
    if "://" in name:
        check_scheme(name)
    remote: dict[str, Any] = {"options": URL_OPTIONS, "timeout": TIMEOUT_S} if "://" in name else {}
    if not remote:
        name = str(local.absolute())  # FFmpeg would take a relative 12:30.mp4 for a protocol
        if not local.exists():
            raise InputError(f"{path}: no such file")
        if local.is_dir():
            raise InputError(f"{path}: is a folder; name one video file")
        if not local.is_file():
            raise InputError(f"{path}: a pipe or a device, no file")  # which might never end, or begin
        if local.stat().st_size == 0:
            raise InputError(f"{path}: is empty")
    try:
        # Tags in old files come in any encoding: they are not worth an error.
        container = av.open(name, metadata_errors="replace", **remote)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a video that FFmpeg can read ({reason(error)})") from None
    if local_files(path) and container.format.name.split(",")[0] in LIST_FORMATS:
        container.close()
        raise InputError(f"{path}: a list of other files, not a video; name those")
    return container


def find_video(container: av.container.InputContainer, path: Path | str) -> av.VideoStream:
    """The stream to show, ready to decode."""
    name = container.format.name
    if name in TEXT_FORMATS:
        raise InputError(f"{path}: not a video but text")
    if any(mark in name for mark in PICTURE_FORMATS):
        raise InputError(f"{path}: a picture, not a video; img_predict.py takes it")
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream):
        raise InputError(f"{path}: holds no video")
    if stream.codec_context is None:
        raise InputError(f"{path}: its video codec is not one that FFmpeg can decode here")
    # One thread: recognizing and encoding run beside it and keep the other cores busy, and no frame waits in a queue.
    stream.thread_type = "SLICE"
    stream.codec_context.thread_count = 1
    return stream


def check_size(stream: av.VideoStream, path: Path | str, max_pixels: int) -> None:
    """Refuse frames of more than `max_pixels` / MOVING, before one is decoded, and have FFmpeg refuse those that come later."""
    limit = max_pixels // MOVING
    if stream.width * stream.height > limit:
        raise InputError(
            f"{path}: frames of {stream.width} x {stream.height} pixels; up to {limit / 1e6:.3g} million are read "
            f"(vid_predict.py: {MORE})"
        )
    stream.codec_context.options = {"max_pixels": str(limit)}
