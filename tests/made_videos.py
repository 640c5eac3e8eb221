"""Videos and streams made for the tests: their truth is known because it was chosen."""

import threading
import time
from contextlib import contextmanager, suppress
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np

GROUND = (60, 90, 120)  # BGR


def scene(number: int, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    """A drawing, BGR uint8: red in the top left corner, and the frame's number as a row of dark and light squares."""
    image = np.full((size[1], size[0], 3), GROUND, np.uint8)
    image[: size[1] // 4, : size[0] // 4] = (0, 0, 255)
    for bit in range(8):
        left = size[0] // 4 + bit * size[0] // 12
        image[size[1] // 2 :, left : left + size[0] // 12] = 255 if number >> bit & 1 else 0
    return image


def number_of(image: np.ndarray) -> int:
    """The number that `scene` wrote."""
    height, width = image.shape[:2]
    row = image[height * 3 // 4, :, 1]
    return sum((int(row[width // 4 + bit * width // 12 + width // 24]) > 127) << bit for bit in range(8))


def make_video(
    path: Path,
    images,
    times=None,
    codec="libx264",
    pixels="yuv420p",
    clock=1000,
    rotation=0,
    audio=(),
    rate=48000,
    fps=25,
    quality=12,
    matrix=2,
    group=12,
    aspect=1,
):
    """Write `images`, BGR uint8, shown at `times` in seconds (default: `fps` a second), with a tone for each of `audio`.

    `clock` is how many ticks of a second times are rounded to, `rate` the samples a second of the tones, `matrix` the
    number that the video names as that of its colours; the pictures are in BT.601 whatever it says. Of H.264 every
    `group`-th frame is a key frame. `aspect` is the width of a pixel over its height.
    """
    images = list(images)
    times = [i / fps for i in range(len(images))] if times is None else times
    options = (
        {"crf": str(quality), "g": str(group), "preset": "ultrafast"}
        if codec == "libx264"
        else {"crf": "20", "b:v": "0", "cpu-used": "8"}
        if "vp9" in codec
        else {}
    )
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as output:
        video = output.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options=options)
        video.height, video.width = images[0].shape[:2]
        video.pix_fmt = pixels
        video.codec_context.time_base = Fraction(1, clock)
        video.codec_context.colorspace = matrix
        video.codec_context.sample_aspect_ratio = Fraction(aspect)
        if rotation:
            video.set_display_rotation(rotation)
        tones = [output.add_stream(name, rate=rate, layout="stereo") for name in audio]
        for image, time_s in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pixels)
            frame.pts, frame.time_base = round(time_s * clock), Fraction(1, clock)
            output.mux(video.encode(frame))
        output.mux(video.encode())
        for pitch, tone in enumerate(tones):
            for start in range(0, int(rate * (times[-1] + 1 / fps)), 1024):
                wave = np.sin(2 * np.pi * 440 * (pitch + 1) * np.arange(start, start + 1024) / rate)
                sound = av.AudioFrame.from_ndarray(
                    np.repeat(wave[None].astype(np.float32) / 4, 2, axis=0), format="fltp", layout="stereo"
                )
                sound.sample_rate, sound.pts, sound.time_base = rate, start, Fraction(1, rate)
                output.mux(tone.encode(sound))
            output.mux(tone.encode())
    return path


def times_of(path: Path) -> list[float]:
    """When each frame of a video is shown, in seconds, by its packets."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        return sorted(float(packet.pts * packet.time_base) for packet in packets)


def pieces_of(path: Path) -> list[bytes]:
    """A transport stream in pieces of one frame each."""
    with av.open(str(path)) as container:
        starts = [packet.pos for packet in container.demux(video=0) if packet.pts is not None]
    data = path.read_bytes()
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def portrait(photo: np.ndarray, side: int) -> np.ndarray:
    """The sample's head, so scaled that the face is about `side` pixels wide."""
    head = photo[60:260, 160:330]
    return cv2.resize(head, None, fx=side / 95, fy=side / 95, interpolation=cv2.INTER_AREA)


def paste(image: np.ndarray, head: np.ndarray, x: float, y: float) -> None:
    """Put `head` into `image`, as far as it lies inside, its face's middle at (x, y)."""
    height, width = head.shape[:2]
    left, top = round(x - width * 0.38), round(y - height * 0.27)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, image.shape[1]), min(top + height, image.shape[0])
    if x1 > x0 and y1 > y0:
        image[y0:y1, x0:x1] = head[y0 - top : y1 - top, x0 - left : x1 - left]


@contextmanager
def served(pieces, pace_s: float = 0.0):
    """The URL of a server on this machine that sends `pieces` of bytes to each who asks: as a file, or as a stream, one
    every `pace_s` seconds.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            if not pace_s:  # a file's length is known, that of a stream is not
                self.send_header("Content-Length", str(sum(map(len, pieces))))
            self.end_headers()
            with suppress(OSError):  # who asked has gone
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(pace_s)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/video"
        server.shutdown()


class MjpegServer:
    """A camera of the kind that speaks MJPEG over HTTP, on this machine: paced, and mortal. A context manager.

    `frame(number)` makes the pictures. `stop()` breaks off every connection and refuses new ones, until `start()`.
    """

    def __init__(self, frame, fps: float = 25):
        self.frame, self.fps = frame, fps
        self.sent_s: dict[int, float] = {}  # number -> when it was sent, by time.monotonic()
        self.number = 0
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def picture(self, number: int) -> bytes:
        """The JPEG that is sent."""
        return cv2.imencode(".jpg", self.frame(number))[1].tobytes()

    def start(self) -> None:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                due = time.monotonic()
                while camera.alive:
                    camera.number += 1
                    try:
                        data = camera.picture(camera.number)
                    except ConnectionAbortedError:
                        return
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    camera.sent_s[camera.number] = time.monotonic()
                    try:
                        self.wfile.write(head.encode() + data + b"\r\n")
                    except OSError:
                        return
                    due += 1 / camera.fps
                    time.sleep(max(0.0, due - time.monotonic()))

            def log_message(self, *_):
                pass

        self.alive = True
        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.alive = False
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self) -> "MjpegServer":
        return self

    def __exit__(self, *_) -> None:
        if self.alive:
            self.stop()
