"""The rows of FER2013 as every source gives them."""

from dataclasses import dataclass

import numpy as np

SIDE = 48
NO_CODE = 255

# The splits' names and numbers: an index into SPLITS. "Test": Kaggle's class folders mix PublicTest and PrivateTest.
# "Validation": what others have split off, who knows how.
SPLITS = ("Training", "PublicTest", "PrivateTest", "Test", "Validation")


@dataclass(frozen=True)
class Rows:
    faces: np.ndarray  # uint8 (N, 48, 48), grey
    codes: np.ndarray  # uint8 (N,): the original label, an index into labels.FER2013_EMOTIONS; NO_CODE where unknown
    usage: np.ndarray  # uint8 (N,): an index into SPLITS
    votes: np.ndarray | None  # uint8 (N, 10), columns as in labels.FERPLUS_COLUMNS
