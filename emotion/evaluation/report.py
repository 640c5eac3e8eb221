"""What was measured, as tables for a person and as JSON for a program: every figure of the tables is in the JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from emotion.evaluation.card import Card
from emotion.evaluation.compare import Evaluation, ModelCalibration, ModelScore, Robustness
from emotion.evaluation.costs import Cost

SCHEMA = 2


def format_evaluation(evaluation: Evaluation) -> str:
    """All tables, an empty line between them."""
    tables = [format_scores(evaluation.scores), format_recalls(evaluation.scores)]
    if evaluation.comparisons:
        rows = [(c.first, c.second, c.split, c.protocol, f"{c.p:.3g}") for c in evaluation.comparisons]
        tables.append(table(("model", "beside", "split", "protocol", "McNemar p"), rows, words=4))
    if evaluation.calibrations:
        tables.append(format_calibrations(evaluation.calibrations))
    if evaluation.robustness:
        tables += format_robustness(evaluation.robustness)
    return "\n\n".join([*tables, format_costs(evaluation.costs)])


def format_card(name: str, card: Card) -> str:
    """The figures of the `card` of the model `name`, as they are printed after a training run."""
    scores = [ModelScore(name, split, s) for split, found in card.splits.items() for s in found.scores.values()]
    return f"{format_scores(scores)}\n\n{format_recalls(scores)}"


def format_scores(scores: Iterable[ModelScore]) -> str:
    header = ("model", "split", "protocol", "rows", "accuracy", "95 % interval", "macro F1", "95 % interval")
    rows = [
        (
            found.model, found.split, s.protocol, s.count,
            f"{100 * s.accuracy:.2f} %", f"{100 * s.low:.1f} - {100 * s.high:.1f}",
            f"{s.macro_f1:.3f}", f"{s.macro_f1_low:.2f} - {s.macro_f1_high:.2f}",
        )
        for found in scores
        for s in [found.score]
    ]  # fmt: skip
    return table(header, rows, words=3)


def format_recalls(scores: Iterable[ModelScore]) -> str:
    scores = list(scores)
    names = list(dict.fromkeys(name for found in scores for name in found.score.recalls))
    rows = [
        (found.model, found.split, found.score.protocol, *map(percent, map(found.score.recalls.get, names)))
        for found in scores
    ]
    return "recall of each emotion, %\n" + table(("model", "split", "protocol", *names), rows, words=3)


def format_calibrations(calibrations: Iterable[ModelCalibration]) -> str:
    header = ("model", "split", "calibration error", "cross-entropy", "of people", "total variation", "of people")
    rows = [
        (found.model, found.split, *(f"{figure:.3f}" for figure in (
            c.expected_error, c.cross_entropy, c.humans_cross_entropy, c.total_variation, c.humans_total_variation
        )))
        for found in calibrations
        for c in [found.calibration]
    ]  # fmt: skip
    return "probabilities beside the votes\n" + table(header, rows, words=2)


def format_robustness(robustness: Robustness) -> list[str]:
    """A table a model."""
    tables = []
    for model, results in robustness.models.items():
        rows = [
            (
                damaged.corruption, "" if damaged.strength is None else f"{damaged.strength:g}",
                f"{100 * damaged.score.accuracy:.2f} %", f"{100 * damaged.lost:.1f}",
            )
            for damaged in results
        ]  # fmt: skip
        title = f"{model} on {robustness.split}, {robustness.protocol}, {results[0].score.count} rows"
        tables.append(f"{title}\n{table(('faces', 'strength', 'accuracy', 'points lost'), rows, words=1)}")
    return tables


def format_costs(costs: dict[str, Cost]) -> str:
    rows = [
        (
            name,
            "-" if cost.parameters is None else f"{cost.parameters:,}",
            "-" if cost.macs is None else f"{cost.macs / 1e6:.1f} M",
            f"{cost.file_bytes / 1e6:.1f} MB",
            f"{cost.milliseconds:.2f} ms",
        )
        for name, cost in costs.items()
    ]  # fmt: skip
    return table(("model", "parameters", "MACs a face", "file", "a face here"), rows, words=1)


def table(header: tuple[str, ...], rows: Iterable[tuple], words: int) -> str:
    """The first `words` columns to the left, figures to the right; every cell as it is."""
    sides = ["left" if column < words else "right" for column in range(len(header))]
    return tabulate(rows, header, tablefmt="simple", colalign=sides, disable_numparse=True, preserve_whitespace=True)


def percent(share: float | None) -> str:
    """12.3, or - where there is no share."""
    return "-" if share is None else f"{100 * share:.1f}"


def evaluation_to_json(evaluation: Evaluation, data: str) -> str:
    """The whole `evaluation` as JSON; `data` is the fingerprint of the data set."""
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "data": data,
        "splits": [
            {"name": split.name, "rows": len(split.rows), "seen": split.seen, "seen_crops": split.seen_crops,
             "left_out": split.left_out}
            for split in evaluation.splits
        ],
        "scores": [{"model": s.model, "split": s.split, **asdict(s.score)} for s in evaluation.scores],
        "calibration": [{"model": c.model, "split": c.split, **asdict(c.calibration)} for c in evaluation.calibrations],
        "mcnemar": [asdict(comparison) for comparison in evaluation.comparisons],
        "robustness": asdict(evaluation.robustness) if evaluation.robustness else None,
        "costs": {name: asdict(cost) for name, cost in evaluation.costs.items()},
    }  # fmt: skip
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
