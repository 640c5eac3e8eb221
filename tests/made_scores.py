"""Scores and evaluations with the figures that a test is about."""

import numpy as np

from emotion.dataset.splits import Split
from emotion.evaluation.calibration import Calibration
from emotion.evaluation.compare import Evaluation, McNemar, ModelCalibration, ModelScore, Robustness
from emotion.evaluation.costs import Cost
from emotion.evaluation.metrics import Score
from emotion.evaluation.robustness import DamagedScore
from emotion.evaluation.selection import SelectedSplit


def scored(accuracy: float, protocol: str = "majority", recalls=None, confusion=()) -> Score:
    """A score of 3,199 rows, its intervals a point to either side."""
    return Score(
        protocol,
        3199,
        accuracy,
        accuracy - 0.01,
        accuracy + 0.01,
        0.7312,
        0.6956,
        0.7654,
        recalls or {},
        list(confusion),
    )


def made_evaluation() -> Evaluation:
    """Two models on two splits, every figure another one."""
    recalls = {"neutral": 0.8125, "disgust": None}
    scores = [
        ModelScore(model, split, scored(accuracy, protocol, recalls, [[13, 3], [0, 0]]))
        for split, shift in (("PublicTest", 0.0), ("PrivateTest", 0.001))
        for model, base in (("one", 0.81), ("two", 0.83))
        for protocol, accuracy in (("majority", base + shift), ("argmax", base + shift - 0.04))
    ]
    damaged = [DamagedScore("clean", None, scored(0.811), 0.0), DamagedScore("blur", 1.5, scored(0.7), 0.111)]
    return Evaluation(
        splits=[
            SelectedSplit("PublicTest", Split(np.zeros((5, 48, 48), np.uint8), np.zeros(5, np.uint8)), seen=3),
            SelectedSplit("PrivateTest", Split(np.zeros((4, 48, 48), np.uint8), np.zeros(4, np.uint8)), seen=2),
        ],
        scores=scores,
        calibrations=[
            ModelCalibration("one", "PublicTest", Calibration(9, 0.0146, 0.7292, 0.2019, 0.1214, 0.4547, []))
        ],
        comparisons=[McNemar("one", "two", "PublicTest", "majority", 0.03125)],
        costs={"one": Cost(2_106_583, 60_717_248, 8_611_976, 0.9712), "two": Cost(58_423, 10_000_000, 300_000, 0.4)},
        robustness=Robustness("PrivateTest", "majority", {"one": damaged}),
    )
