"""The network on a GPU, by Keras."""

from pathlib import Path

import numpy as np

from emotion.backend.keras_setup import start_keras
from emotion.model_file.h5 import make_predictor
from emotion.model_file.scaling import checked_outputs
from emotion.model_file.stored import open_model


class KerasModel:
    """A .h5 at work on the first CUDA GPU."""

    def __init__(self, path: Path, scaling: str | None = None):
        start_keras("gpu")
        self.stored = open_model(path)
        self.model, self.how = make_predictor(self.stored, scaling)
        self.face_shape = self.model.input_shape[1:]
        self.classes = self.model.output_shape[-1]

    def predict(self, faces: np.ndarray) -> np.ndarray:
        """Raw pixels, float32 (N, *face_shape) -> probabilities, float32 (N, classes)."""
        # Padded to a power of two: the network is compiled once a shape, not once a count of faces.
        room = 1 << (len(faces) - 1).bit_length()
        padded = np.concatenate([faces, np.zeros((room - len(faces), *faces.shape[1:]), np.float32)])
        return checked_outputs(self.model.predict_on_batch(padded)[: len(faces)], self.stored.path)
