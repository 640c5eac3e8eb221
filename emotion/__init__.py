"""See the emotions in photos and videos, from Python.

from emotion import Recognizer, annotate, read_photo

recognizer = Recognizer.for_photos()
image = read_photo("me.jpg")
for face in recognizer.recognize(image):
    print(face.emotion, face.confidence, face.box)
"""

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.faces.recognizer import Recognizer
from emotion.geometry import Box
from emotion.media.photo import read_photo, write_photo
from emotion.results.overlay import annotate

__all__ = ["Box", "InputError", "Recognition", "Recognizer", "annotate", "read_photo", "write_photo"]
__version__ = "2.0.0"
