"""What a person reads, and that a program finds the same in the JSON."""

import io
import json
import re
from dataclasses import replace

from made_scores import made_evaluation

from emotion.evaluation.plots import plot_costs
from emotion.evaluation.report import evaluation_to_json, format_costs, format_evaluation, format_scores


def tables() -> list[list[str]]:
    return [text.splitlines() for text in format_evaluation(made_evaluation()).split("\n\n")]


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def test_a_score_is_a_line_with_its_protocol_its_rows_and_both_intervals():
    lines = format_scores(made_evaluation().scores).splitlines()
    assert cells(lines[0])[:5] == ["model", "split", "protocol", "rows", "accuracy"]
    assert cells(lines[2]) == [
        "one", "PublicTest", "majority", "3199", "81.00 %", "80.0 - 82.0", "0.731", "0.70 - 0.77"
    ]  # fmt: skip
    assert len(lines) == 2 + 8


def test_every_table_is_there_and_its_columns_stand_below_each_other():
    found = tables()
    titles = [table[0] for table in found if not table[0].startswith("model ")]
    assert titles == [
        "recall of each emotion, %", "probabilities beside the votes", "one on PrivateTest, majority, 3199 rows"
    ]  # fmt: skip
    assert len(found) == 6
    for table in found:
        ruled = next(number for number, line in enumerate(table) if line.startswith("---"))
        starts = [match.start() for match in re.finditer("-+", table[ruled])]
        assert all(line[start - 1] == " " for line in table[ruled - 1 :] for start in starts[1:])


def test_an_emotion_that_no_row_has_is_a_dash_and_a_damage_tells_what_it_costs():
    _, recalls, mcnemar, votes, damaged, costs = tables()
    assert cells(recalls[3]) == ["one", "PublicTest", "majority", "81.2", "-"]
    assert cells(mcnemar[2]) == ["one", "two", "PublicTest", "majority", "0.0312"]
    assert cells(votes[3]) == ["one", "PublicTest", "0.015", "0.729", "0.455", "0.202", "0.121"]
    assert cells(damaged[4]) == ["blur", "1.5", "70.00 %", "11.1"]
    assert cells(costs[2]) == ["one", "2,106,583", "60.7 M", "8.6 MB", "0.97 ms"]


def test_work_that_is_unknown_is_a_dash_and_has_no_place_in_the_chart():
    evaluation = made_evaluation()
    evaluation.costs["one"] = replace(evaluation.costs["one"], parameters=None, macs=None)
    assert cells(format_costs(evaluation.costs).splitlines()[2])[:4] == ["one", "-", "-", "8.6 MB"]
    assert json.loads(evaluation_to_json(evaluation, "abc"))["costs"]["one"]["macs"] is None
    figure = plot_costs(evaluation)
    figure.savefig(io.BytesIO())
    assert len(figure.legends[0].texts) == 2


def test_names_that_look_like_numbers_stay_names():
    evaluation = made_evaluation()
    assert format_costs({"1e5": evaluation.costs["one"]}).splitlines()[2].startswith("1e5 ")


def numbers_in(value) -> set[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(numbers_in, value))
    return {value} if isinstance(value, (int, float)) and not isinstance(value, bool) else set()


def test_every_printed_figure_is_in_the_json_where_it_is_looked_for():
    report = json.loads(evaluation_to_json(made_evaluation(), "abc"))
    assert (report["schema"], report["data"]) == (2, "abc")
    assert report["splits"][0] == {
        "name": "PublicTest", "rows": 5, "seen": 3, "seen_crops": None, "left_out": False
    }  # fmt: skip
    first = report["scores"][0]
    assert [first[key] for key in ("model", "split", "protocol", "count", "macro_f1", "macro_f1_low", "macro_f1_high")] == [
        "one", "PublicTest", "majority", 3199, 0.7312, 0.6956, 0.7654
    ]  # fmt: skip
    assert report["calibration"][0]["humans_cross_entropy"] == 0.4547
    assert report["mcnemar"] == [
        {"first": "one", "second": "two", "split": "PublicTest", "protocol": "majority", "p": 0.03125}
    ]
    assert report["robustness"]["models"]["one"][1]["lost"] == 0.111
    assert report["costs"]["one"]["milliseconds"] == 0.9712
    exact = numbers_in(report)
    exact |= {100 * number for number in exact} | {number / 1e6 for number in exact}
    figures = "\n".join(line for table in tables() for line in table if not line.startswith("recall of"))
    for printed in re.findall(r"(?<![\w.])\d[\d,]*\.?\d*(?![\w.])", figures.replace("95 % interval", "")):
        digits = len(printed.partition(".")[2])
        assert any(f"{number:,.{digits}f}" == f"{float(printed.replace(',', '')):,.{digits}f}" for number in exact), (
            printed
        )
