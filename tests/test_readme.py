"""What the README says is what is there: its figures, its table of networks, the flags of its calls (of docs/ too)."""

import json
import re
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from emotion.evaluation.costs import multiply_accumulates
from emotion.evaluation.metrics import macro_f1_interval
from emotion.networks.registry import NETWORKS, build
from emotion.training.augmentation import STUDENT_RANGES
from emotion.training.recipes import recipe_of

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
FIGURES = (Path(__file__).parent.parent / "models" / "README.md").read_text(encoding="utf-8")
OF_A_STUDENT = {"augmentation": STUDENT_RANGES, "refinement": 0}
CLUSTER = (Path(__file__).parent.parent / "docs" / "cluster.md").read_text(encoding="utf-8")
SCRIPTS = ("batch_predict", "fer", "img_predict", "live_cam_predict", "vid_predict")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("`", "").strip().strip("|").split("|")]


def table(*columns: str) -> list[dict[str, str]]:
    """The rows of the one table, in README.md or models/README.md, that has these columns, each by its column's name."""
    blocks = [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", README + FIGURES, re.MULTILINE)]
    (found,) = (block for block in blocks if set(columns) <= set(cells(block[0])))
    header, _, *rows = (cells(line.replace(r"\|", "/")) for line in found)
    return [dict(zip(header, row, strict=True)) for row in rows]


def numbers(cell: str) -> list[str]:
    return re.findall(r"\d+\.?\d*", cell.replace(",", ""))


def as_printed(exact: float, printed: str) -> str:
    """`exact` with as many decimals as are printed."""
    return f"{exact:.{len(printed.partition('.')[2])}f}"


@pytest.fixture(scope="module")
def card(repository):
    return json.loads((repository / "models" / "fer.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "row", table("protocol", "accuracy", "macro F1"), ids=lambda row: row["protocol"].split(",")[0]
)
def test_the_figures_of_the_shipped_network_are_those_of_its_card(row, card):
    score = card["splits"]["PublicTest"]["scores"][row["protocol"].split(",")[0]]
    (count,), (accuracy,), (low, high), (f1, f1_low, f1_high) = (
        numbers(row[column]) for column in ("rows", "accuracy", "95 % interval", "macro F1")
    )
    assert int(count) == score["count"]
    percent = [as_printed(100 * score[name], accuracy) for name in ("accuracy", "low", "high")]
    assert percent == [accuracy, low, high]
    exact = score["macro_f1"], *macro_f1_interval(score["confusion"])
    assert [as_printed(value, f1) for value in exact] == [f1, f1_low, f1_high]


def test_the_shipped_network_was_trained_by_the_recipe_that_is_told(card):
    begun = re.escape(card["init_from"]["file"])
    (run,) = re.findall(rf"`python fer\.py --init-from {begun}\s[^`]*`", FIGURES)
    epochs, rate = (re.search(rf"--{flag}\s+([\d.e-]+)", run)[1] for flag in ("epochs", "learning-rate"))
    recipe = recipe_of(
        "five_block_mobilenet", trained=True, epochs=int(epochs), learning_rate=float(rate), **OF_A_STUDENT
    )
    assert card["recipe"] == json.loads(json.dumps(asdict(recipe)))
    assert card["init_from"]["network"] == "five_block_mobilenet"
    assert card["teacher_weight"] == 0.7
    assert re.findall(r"\S+\.h5", run)[1:] == [teacher["file"] for teacher in card["teachers"]]


def test_every_network_is_in_the_table_in_its_order():
    assert [row["NAME"] for row in table("NAME", "parameters", "MACs")] == list(NETWORKS)


@pytest.mark.slow
@pytest.mark.parametrize("row", table("NAME", "parameters", "MACs"), ids=lambda row: row["NAME"])
def test_parameters_and_work_of_a_network_are_those_of_the_table(row):
    network = build(row["NAME"], backbone_weights="none")
    (parameters,), (macs,) = (numbers(row[column]) for column in ("parameters", "MACs"))
    assert as_printed(network.count_params() / 1e6, parameters) == parameters
    assert as_printed(multiply_accumulates(network) / 1e6, macs) == macs


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_flag_of_a_call_is_one_of_the_script(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "-h"])
    with pytest.raises(SystemExit):
        import_module(script).main()
    known = set(re.findall(r"(?<!\w)--?[a-z][a-z-]*", capsys.readouterr().out))
    calls = re.findall(rf"python\s+{script}\.py([^#`\n]*(?:\\\n[^#`\n]*|\n[^#`\n]+`)?)", README + CLUSTER)
    used = {flag for call in calls for flag in re.findall(r"(?<=\s)--?[a-z][a-z-]*", call)}
    assert len(calls) >= 3
    assert used - known == set()
