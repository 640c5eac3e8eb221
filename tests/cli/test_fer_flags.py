"""The flags of `fer.py`: what holds where they are not named, and which of them contradict each other."""

import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.cli.fer_flags import EVALUATION, default_output, parse_arguments
from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.shipped import MODEL


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


def test_labels_to_evaluate_with_are_the_names_of_outputs(parsed):
    assert parsed("--evaluate", "a.h5").labels is None
    assert parsed("--evaluate", "a.h5", "--labels", "happy, sad").labels == ("happy", "sad")


@pytest.mark.parametrize(
    "flags",
    [
        ["--evaluate", "a.h5", "b.h5", "--ensemble", "--tta", "--labels", "a,b", "--device", "cpu", "--dry-run"],
        ["--preview-augmentation", "a.png", "--network", "simple_cnn", "--seed", "3", "--data", "d", "--quiet"],
        ["--export-images", "d", "--classes", "a,b", "--seed", "3", "--quiet"],
    ],
    ids=lambda flags: flags[0],
)
def test_each_task_obeys_its_flags(flags, parsed):
    assert parsed(*flags)


TRAINING = {
    "--network": "compact", "--init-from": "a.h5", "--emotions": "7", "--epochs": "3", "--batch-size": "64",
    "--learning-rate": "0.1", "--teacher": "a.h5", "--teacher-weight": "0.5", "--teacher-answers": "d",
    "--output": "a.h5", "--resume": None, "--backbone-weights": "imagenet", "--precision": "auto", "--xla": None,
}  # fmt: skip


@pytest.mark.parametrize("task", ["--evaluate", "--preview-augmentation", "--export-images"])
@pytest.mark.parametrize("flag", [*TRAINING, "--labels", "--device", "--tta", "--json"])
def test_a_flag_that_a_task_would_ignore_is_refused_even_with_its_default(task, flag, parsed):
    value = {**TRAINING, "--labels": "ferplus", "--device": "auto", "--tta": None, "--json": "a.json"}[flag]
    obeyed = {"--evaluate": {"--device", "--tta", "--json"}, "--preview-augmentation": {"--network"}}.get(task, set())
    flags = [task, "x", flag, *([value] if value else [])]
    if flag in obeyed:
        assert parsed(*flags)
        return
    with pytest.raises(InputError, match=f"^{flag}[ a-z0-9]*: (of no use with {task}|with --evaluate they name)"):
        parsed(*flags)


def test_training_knows_all_that_is_refused_elsewhere(parsed):
    """A new flag of training is in the table above, and so is known to be refused."""
    trained = vars(parsed())
    shared = {"data", "classes", "seed", "dry_run", "quiet", "device", "labels", "evaluate", "preview_augmentation"}
    rest = set(trained) - shared - EVALUATION - {"export_images"}
    assert {f"--{name.replace('_', '-')}" for name in rest} == set(TRAINING)


def test_a_seed_may_be_as_high_as_numpys(parsed):
    assert parsed("--seed", "4294967295").seed == 2**32 - 1


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--output", "fer.keras"], "--output fer.keras: the model is a .h5 file"),
        (["--labels", "mine"], "--labels mine: training knows ferplus and fer2013"),
        (["--labels", "fer2013", "--emotions", "8"], "--emotions 8: the labels of fer2013 have no contempt"),
        (["--init-from", "a.h5", "--network", "compact"], "--network: is that of --init-from"),
        (["--init-from", "a.h5", "--output", "a.h5"], "--output a.h5: is read in this run"),
        (["--evaluate", "b.h5", "--init-from", "a.h5"], "--init-from: of no use with --evaluate"),
        (["--epochs", "0"], "--epochs: 0 is not at least 1"),
        (["--batch-size", "0"], "--batch-size: 0 is not at least 1"),
        (["--seed", "-1"], "--seed: -1 is not from 0 to"),
        (["--seed", "4294967296"], "--seed: 4294967296 is not from 0 to"),
        (["--learning-rate", "nan"], "--learning-rate: nan is no finite number above 0"),
        (["--learning-rate", "0"], "--learning-rate: 0 is no finite number above 0"),
        (["--learning-rate", "inf"], "--learning-rate: inf is no finite number above 0"),
        (["--tta"], "--tta: only of use with --evaluate"),
        (["--json", "figures.json"], "--json: only of use with --evaluate"),
        (["--evaluate", "a.h5", "--epochs", "3"], "--epochs: of no use with --evaluate"),
        (["--evaluate", "a.h5", "--batch-size", "3"], "--batch-size: of no use with --evaluate"),
        (["--evaluate", "a.h5", "--ensemble"], "--ensemble: one model is its own mean"),
        (["--teacher-weight", "0.5"], "--teacher-weight: only of use with --teacher"),
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
