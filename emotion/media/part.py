"""Which frames of a video are wanted: from when to when, and how often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """From `start_s` to before `end_s`, in seconds from the start of the video; of it a frame each `every_s`, or all."""

    start_s: float = 0.0
    end_s: float = float("inf")
    every_s: float = 0.0

    @property
    def cut(self) -> bool:
        """Whether the video's beginning or end is left out."""
        return self.start_s > 0 or self.end_s < float("inf")

    def nothing(self, seen_s: float) -> str:
        """Why a video of which `seen_s` seconds were looked at has no frame that is wanted."""
        if seen_s < self.end_s:
            return f"has no frame from {self.start_s:g} s on; it is {seen_s:.1f} s long"
        return f"has no frame from {self.start_s:g} to {self.end_s:g} s"

    def after(self, time_s: float) -> float:
        """When the next frame is wanted, after one at `time_s`."""
        if not self.every_s:
            return float("-inf")
        return self.start_s + self.every_s * (1 + (time_s - self.start_s + 1e-6) // self.every_s)

    def count(self, frames: int, duration_s: float, fps: float) -> int:
        """How many of a video's `frames` it has, about; 0 where its duration is not known."""
        if not self.cut and not self.every_s:
            return frames
        length_s = max(0.0, min(self.end_s, duration_s) - self.start_s)
        return round(length_s / self.every_s if self.every_s else length_s * fps)


WHOLE = Part()
