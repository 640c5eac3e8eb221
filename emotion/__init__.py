"""See the emotions in photos and videos, from Python.

from emotion import Recognizer, annotate, read_photo

recognizer = Recognizer.for_photos()
image = read_photo("me.jpg")
for face in recognizer.recognize(image):
    print(face.emotion, face.confidence, face.box)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotion.errors import InputError
    from emotion.faces.recognition import Recognition
    from emotion.faces.recognizer import Recognizer
    from emotion.geometry import Box
    from emotion.media.photo import read_photo, write_photo
    from emotion.results.overlay import annotate

__all__ = ["Box", "InputError", "Recognition", "Recognizer", "annotate", "read_photo", "write_photo"]
__version__ = "2.0.0"

MODULES = {
    "Box": "geometry", "InputError": "errors", "Recognition": "faces.recognition", "Recognizer": "faces.recognizer",
    "annotate": "results.overlay", "read_photo": "media.photo", "write_photo": "media.photo",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """What is promised above, imported when it is first asked for: that takes half a second, and not every module needs it."""
    from importlib import import_module

    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
