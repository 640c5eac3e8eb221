"""A camera of the server, recognized once and shown to everybody who looks."""

import threading
from typing import Protocol

from emotion.media.camera import Camera
from emotion.web.messages import encode_picture, faces_message
from emotion.web.session import Session

WAIT_S = 0.1  # for a frame, before it is asked again whether anybody looks


class Audience(Protocol):
    """Who looks: the server's visitors."""

    @property
    def looked_at(self) -> bool: ...

    def show(self, picture: bytes) -> None: ...


class CameraFeed:
    """Shows `camera` to the `audience`, from a thread; a context manager.

    While nobody looks and nothing is recorded, nothing is done: a file waits for the first who looks.
    """

    def __init__(self, camera: Camera, session: Session, audience: Audience):
        self.camera, self.session, self.audience = camera, session, audience
        self.ended = False
        self.error: Exception | None = None  # what ended it before its time
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="camera feed", daemon=True)

    def __enter__(self) -> "CameraFeed":
        self.thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        try:
            while not (self.stop.is_set() or self.camera.finished):
                if self.audience.looked_at or self.session.outputs.names:
                    self._next()
                else:
                    self.stop.wait(WAIT_S)
        except Exception as error:
            self.error = error  # raised where somebody can do something about it
        self.session.incomplete(self.camera.problem)
        self.ended = True

    def _next(self) -> None:
        captured = self.camera.newest(WAIT_S)
        if captured is None:
            return
        image, _, captured_s = captured
        number = self.session.timeline.frames
        time_s, faces = self.session.take(image, captured_s)
        if self.audience.looked_at:
            message = faces_message(number, image, time_s, faces) | {"problem": self.session.problem}
            self.audience.show(encode_picture(number, message, image))
