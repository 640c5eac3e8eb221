"""The flags of `fer.py`: what holds where they are not named, and which of them contradict each other."""

import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.cli.fer_flags import default_output, parse_arguments
from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.files import MODEL


@pytest.fixture
def parsed(monkeypatch):
    """parsed("--seed", "3") -> the arguments of `fer.py --seed 3`."""

    def parse(*flags):
        monkeypatch.setattr(sys, "argv", ["fer.py", *flags])
        return parse_arguments("")

    return parse


@pytest.mark.parametrize(
    ("flags", "protocol", "output"),
    [
        ([], "fer2013", MODEL),
        (["--network", "five_block"], "fer2013", MODEL),
        (["--network", "compact"], "fer2013", MODEL.with_name("compact.h5")),
        (["--init-from", "a/mine.h5"], "fer2013", MODEL.with_name("mine_tuned.h5")),
        ([], "labels", MODEL.with_name("faces.h5")),
    ],
    ids=["our own", "by its name", "another network", "another's weights", "other people's data"],
)
def test_the_shipped_model_gives_way_to_its_own_kind_alone(flags, protocol, output, parsed):
    split = Split(np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.uint8), protocol=protocol)
    dataset = Dataset(Path("somewhere/faces.tar.gz"), {"Training": split}, "")
    assert default_output(parsed(*flags), dataset) == output


@pytest.mark.parametrize(
    ("flags", "output"),
    [([], None), (["--output", "a.h5"], Path("a.h5"))],
    ids=["none of its own", "the one it names"],
)
def test_a_dry_run_has_no_output_but_the_one_it_names(flags, output, parsed):
    assert parsed("--dry-run", *flags).output == output


@pytest.mark.parametrize(
    ("flags", "labels"),
    [([], None), (["--labels", "fer2013"], None), (["--labels", "happy, sad"], ("happy", "sad"))],
    ids=["none", "those to train on", "names"],
)
def test_labels_to_evaluate_with_are_the_names_of_outputs(flags, labels, parsed):
    assert parsed("--evaluate", "a.h5", "--emotions", "8", *flags).labels == labels


def test_a_seed_may_be_as_high_as_numpys(parsed):
    assert parsed("--seed", "4294967295").seed == 2**32 - 1


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--output", "fer.keras"], "--output fer.keras: the model is a .h5 file"),
        (["--labels", "mine"], "--labels mine: training knows ferplus and fer2013"),
        (["--labels", "fer2013", "--emotions", "8"], "--emotions 8: the labels of fer2013 have no contempt"),
        (["--init-from", "a.h5", "--network", "compact"], "--network: is that of --init-from"),
        (["--init-from", "a.h5", "--output", "a.h5"], "--output a.h5: is the input"),
        (["--evaluate", "b.h5", "--init-from", "a.h5"], "--init-from: only of use in training"),
        (["--epochs", "0"], "--epochs: 0 is not at least 1"),
        (["--batch-size", "0"], "--batch-size: 0 is not at least 1"),
        (["--seed", "-1"], "--seed: -1 is not from 0 to"),
        (["--seed", "4294967296"], "--seed: 4294967296 is not from 0 to"),
        (["--learning-rate", "nan"], "--learning-rate: nan is not above 0"),
        (["--learning-rate", "0"], "--learning-rate: 0 is not above 0"),
        (["--learning-rate", "inf"], "--learning-rate: inf is not above 0"),
        (["--tta"], "--tta: only of use with --evaluate"),
        (["--json", "figures.json"], "--json: only of use with --evaluate"),
        (["--evaluate", "a.h5", "--epochs", "3"], "--epochs: only of use in training"),
        (["--evaluate", "a.h5", "--batch-size", "3"], "--batch-size: only of use in training"),
        (["--evaluate", "a.h5", "--export-images", "d"], "not allowed with argument --evaluate"),
        (["--teacher", "b.h5", "a.h5", "--output", "a.h5"], "--output a.h5: is read in this run; name another file"),
        (["--backbone-weights", "a.h5", "--output", "a.h5"], "--output a.h5: is read in this run; name another file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_flags_that_cannot_be_are_refused_by_name(flags, named, parsed):
    with pytest.raises(InputError) as refused:
        parsed(*flags)
    assert named in str(refused.value)
