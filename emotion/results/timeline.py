"""Who felt what over time: gathered frame by frame in bounded memory, summed up in words and drawn as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emotion.faces.identity import known_since
from emotion.faces.recognition import Recognition
from emotion.labels import rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 1200  # columns of the picture: when they are full, two become one, and so on for hours
FACES = 200  # kept apart; past that, those who have left and were seen least give way
LANES = 12  # drawn
GAP_S = 0.5  # what the step to the next frame covers at most, or twice the step before: a longer one is a gap


class Timeline:
    """For each face, the probabilities of its emotions summed over equal stretches of time.

    Faces are named by the tracker's ids, which count from 1. Of frames that are wanted only each `every_s` seconds,
    steps of that length are no gaps.
    """

    def __init__(self, labels: tuple[str, ...], every_s: float = 0.0):
        self.labels = labels
        self.bin_s = 1 / 30
        self.bridged_s = max(0.2, 1.2 * every_s)  # between two frames a face does not vanish
        self.end_s = self.before_s = 0.0  # the times of the last frame and of the one before
        self.step_s = every_s  # to the last frame from the one before, without a gap
        self.covered_s = 0.0  # all steps
        self.frames = 0
        self.faces = 0  # that there were, also those forgotten
        self.sums: dict[int, np.ndarray] = {}  # id -> float32 (BINS, C): summed probabilities
        self.seen: dict[int, int] = {}  # id -> frames it was seen in
        self.last_s: dict[int, float] = {}  # id -> when it was seen last

    def add(self, time_s: float, recognitions: list[Recognition]) -> None:
        """Take up the frame at `time_s`. ValueError where a face has no id: it comes from a recognizer of photos."""
        self.before_s, self.end_s = self.end_s, max(self.end_s, time_s)
        if self.frames:
            self.step_s = min(self.end_s - self.before_s, max(GAP_S, 2 * self.step_s))
            self.covered_s += self.step_s
        self.frames += 1
        while self.end_s >= BINS * self.bin_s:
            self.halve()
        for face in recognitions:
            if face.id is None:
                raise ValueError("a timeline takes faces with ids, as Recognizer.for_video gives them")
            if face.id not in self.sums:
                self.make_room()
                self.sums[face.id] = np.zeros((BINS, len(self.labels)), np.float32)
                self.seen[face.id] = 0
            self.sums[face.id][max(0, int(time_s / self.bin_s))] += face.probabilities
            self.seen[face.id] += 1
            self.last_s[face.id] = time_s
            self.faces = max(self.faces, face.id)

    def halve(self) -> None:
        """Merge each two stretches into one."""
        self.bin_s *= 2
        for id_, sums in self.sums.items():
            merged = np.zeros_like(sums)
            merged[: BINS // 2] = sums[0::2] + sums[1::2]
            self.sums[id_] = merged

    def make_room(self) -> None:
        """Forget a face, if there are too many: who was seen least of those who have left, or of all if nobody has."""
        if len(self.sums) >= FACES:
            known_s = known_since(self.end_s, self.before_s)  # who was seen last before it gets another number
            least = min(self.seen, key=lambda id_: (self.last_s[id_] >= known_s, self.seen[id_]))
            del self.sums[least], self.seen[least], self.last_s[least]

    def fps(self, otherwise: float) -> float:
        """Frames a second of the time that was covered; `otherwise` where that is a single frame's."""
        return (self.frames - 1) / self.covered_s if self.covered_s else otherwise

    def longest(self) -> list[int]:
        """The faces by how long they were seen, longest first."""
        return sorted(self.seen, key=lambda face: self.seen[face], reverse=True)

    def shares(self, face: int) -> np.ndarray:
        """The share of each emotion in the time `face` was seen: (C,), sums to 1."""
        total = self.sums[face].sum(axis=0)
        return total / total.sum()

    def film_length(self) -> str:
        """How much of a film was seen: `250 frames, 10.0 s, 2 faces`."""
        return f"{counted(self.frames, 'frame')}, {clock(self.end_s)}, {counted(self.faces, 'face')}"

    def camera_length(self, fps: float) -> str:
        """How much of a camera was seen: `250 frames, 10.0 s, 25 frames a second`."""
        return f"{counted(self.frames, 'frame')}, {clock(self.end_s)}, {fps:.0f} frames a second"

    def summary(self, fps: float) -> list[str]:
        """A line a face: how long it was seen, and its emotions from the largest share on."""
        lines = []
        for face in self.longest()[:LANES]:
            shares = self.shares(face)
            felt = [f"{self.labels[i]} {shares[i]:.0%}" for i in np.argsort(-shares) if shares[i] >= 0.05]
            lines.append(f"  face {face}: seen {clock(self.seen[face] / fps)}, {', '.join(felt)}")
        rest = self.faces - len(lines)
        return [*lines, f"  and {rest} more, seen for shorter"] if rest > 0 else lines

    def plot(self, path: Path, title: str) -> None:
        """Draw a lane a face, and each face's shares beside it, into the picture `path`."""
        from matplotlib.figure import Figure  # half a second, and nobody else needs it
        from matplotlib.patches import Patch

        from emotion.results.figure import save

        faces: list[int | None] = [*self.longest()[:LANES]] or [None]
        figure = Figure(figsize=(14, 1.6 + 0.9 * len(faces)), layout="constrained")
        axes = figure.subplots(len(faces), 2, squeeze=False, sharex="col", width_ratios=(6, 1))
        for (lane, share), face in zip(axes, faces, strict=True):
            self.draw_lane(lane, face)
            self.draw_shares(share, face)
        axes[-1][0].set_xlabel("time" if self.end_s >= 60 else "time (s)")
        axes[-1][1].set_xlabel("share")
        figure.suptitle(title, x=0.01, ha="left")
        patches = [Patch(color=rgb(label, self.labels)) for label in self.labels]
        figure.legend(patches, self.labels, loc="outside lower center", ncols=len(self.labels), frameon=False)
        save(figure, path, dpi=110)

    def draw_lane(self, axes: "Axes", face: int | None) -> None:
        """The probabilities of one face stacked over time; white where it was not seen."""
        probabilities = self.probabilities(face)
        edges = np.arange(len(probabilities) + 1) * self.bin_s
        base = np.zeros(len(probabilities))
        for label, row in zip(self.labels, probabilities.T, strict=True):
            axes.stairs(base + row, edges, baseline=base, fill=True, color=rgb(label, self.labels))
            base = base + row
        axes.set(ylim=(0, 1), xlim=(0, max(edges[-1], self.bin_s)), yticks=[])
        axes.set_ylabel("no face" if face is None else f"face {face}", rotation=0, ha="right", va="center")
        if self.end_s >= 60:
            axes.xaxis.set_major_formatter(lambda value, _: clock(value))

    def probabilities(self, face: int | None) -> np.ndarray:
        """What `face` felt in each stretch of `bin_s` seconds up to the end, (stretches, C); zeros where it was not seen."""
        used = min(BINS, int(self.end_s / self.bin_s) + 1)
        sums = self.sums[face][:used] if face is not None else np.zeros((used, len(self.labels)))
        total = sums.sum(axis=1, keepdims=True)
        probabilities = np.where(total > 0, sums / np.maximum(total, 1e-9), 0.0)
        return bridge(probabilities, total[:, 0] > 0, round(self.bridged_s / self.bin_s))

    def draw_shares(self, axes: "Axes", face: int | None) -> None:
        """How much of its time one face felt what, as one bar."""
        left = 0.0
        for label, share in zip(self.labels, () if face is None else self.shares(face), strict=False):
            axes.barh(0, share, left=left, color=rgb(label, self.labels))
            if share >= 0.2:
                axes.text(left + share / 2, 0, f"{share:.0%}", ha="center", va="center", fontsize=8)
            left += share
        axes.set(xlim=(0, 1), yticks=[], xticks=[0, 0.5, 1])


def bridge(probabilities: np.ndarray, seen: np.ndarray, longest: int) -> np.ndarray:
    """Fill gaps of up to `longest` stretches with what came before: between two frames a face does not vanish."""
    where = np.where(seen, np.arange(len(seen)), -1)
    before = np.maximum.accumulate(where)
    following = np.minimum.accumulate(np.where(seen, np.arange(len(seen)), len(seen))[::-1])[::-1]
    between = (before >= 0) & (following < len(seen))
    short = following - before - 1 <= longest
    return np.where((between & short)[:, None], probabilities[np.maximum(before, 0)], probabilities)


def clock(seconds: float) -> str:
    """12.3 s, 4:05 or 1:02:03."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def counted(number: int, noun: str) -> str:
    """no frames, 1 frame or 2 frames."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
