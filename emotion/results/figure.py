"""Matplotlib's figures into files, with or without a display."""

from pathlib import Path

import matplotlib

from emotion.files import atomic_file, check_figure

matplotlib.use("Agg")  # to files, also where there is no display
from matplotlib import pyplot as plt

plt.rcParams["text.parse_math"] = False  # titles hold the names of files: two dollar signs are no formula


def save(figure: plt.Figure, path: Path, dpi: int = 100) -> None:
    """Write `figure` in the format that `path` ends in, whole or not at all, and forget it.

    InputError where the format is unknown or `path` cannot be written.
    """
    try:
        check_figure(path)
        with atomic_file(path) as unfinished:
            figure.savefig(unfinished, dpi=dpi)
    finally:
        plt.close(figure)
