"""How a figure becomes a file."""

import subprocess
import sys

from matplotlib.figure import Figure
from matplotlib.text import Text

from emotion.results.figure import save

FILE_NAME = "cost $5_and_$6.h5"


def test_dollar_signs_in_a_name_are_no_formula_wherever_it_stands(tmp_path):
    figure = Figure()
    axis = figure.subplots()
    axis.barh([FILE_NAME], [1], label=FILE_NAME)
    axis.set_title(FILE_NAME)
    axis.legend(title=FILE_NAME)
    axis.annotate(FILE_NAME, (0, 0))
    save(figure, tmp_path / "a.svg")
    assert "a.svg" in [path.name for path in tmp_path.iterdir()]
    named = [text for text in figure.findobj(Text) if text.get_text() == FILE_NAME]
    assert len(named) == 6  # a tick has a second label, which is hidden
    assert not any(text.get_parse_math() for text in named)


def test_figures_leave_pyplot_and_the_callers_settings_alone():
    """Who imports this package may have chosen a backend and a style."""
    code = (
        "import sys; import emotion.evaluation.plots, emotion.results.timeline; from matplotlib import rcParams;"
        "assert 'matplotlib.pyplot' not in sys.modules; assert rcParams['text.parse_math']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
