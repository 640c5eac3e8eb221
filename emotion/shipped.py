"""Where what ships with the code lies."""

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
MODEL = REPOSITORY / "models" / "fer.h5"
CASCADE = REPOSITORY / "haarcascade_frontalface_default.xml"
YUNET = REPOSITORY / "face_detection_yunet_2023mar.onnx"
