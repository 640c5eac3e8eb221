"""Matplotlib's figures into files, with or without a display."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from emotion.files import atomic_file
from emotion.outputs import check_figure


def save(figure: Figure, path: Path, dpi: int = 100) -> None:
    """Write `figure` in the format that `path` ends in, whole or not at all.

    Its texts are shown as they are: they hold names of files and labels of other people, in which two dollar signs are
    no formula. InputError where the format is unknown or `path` cannot be written.
    """
    check_figure(path)
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    with atomic_file(path) as unfinished:
        figure.savefig(unfinished, dpi=dpi)
