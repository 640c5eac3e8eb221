"""What the flags of `fer.py` come to: what training is given, and where its result goes. Nothing is trained here."""

import functools
import inspect
import sys
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from small_fer2013 import faces_and_codes, write_small_fer2013

import fer
from emotion.dataset.load import load
from emotion.labels import FER2013_EMOTIONS, SEVEN_EMOTIONS
from emotion.model_file.stored import sha256
from emotion.training.recipes import RECIPES

pytestmark = pytest.mark.slow

TRAIN = "emotion.training.fit.fit"
FACES, CODES = faces_and_codes(21)  # 14 in Training, 7 in PublicTest
ONE_HOT = np.eye(7)[[SEVEN_EMOTIONS.index(FER2013_EMOTIONS[code]) for code in CODES]]


class ReachedError(Exception):
    pass


@pytest.fixture
def call(data, tmp_path, monkeypatch):
    """call("--seed", "3"): `fer.py` in this process, on few rows, its model in a folder of the test."""

    def run(*flags):
        monkeypatch.setattr(sys, "argv", ["fer.py", "--data", str(data), *map(str, flags)])
        return fer.main()

    return run


@pytest.fixture
def given(call, tmp_path, monkeypatch):
    """given("--seed", "3"): what is handed to the function `to`, by name; Keras was started with `started`."""

    def reach(*flags, to=TRAIN, gpus=()):
        module, name = to.rsplit(".", 1)
        real = getattr(import_module(module), name)
        found = SimpleNamespace()

        def start(*how):
            found.started = how
            return list(gpus)

        @functools.wraps(real)
        def stand_in(*arguments, **named):
            vars(found).update(inspect.signature(real).bind(*arguments, **named).arguments)
            raise ReachedError

        monkeypatch.setattr("emotion.backend.keras_setup.start_keras", start)
        monkeypatch.setattr(to, stand_in)
        with pytest.raises(ReachedError):
            call("--output", tmp_path / "new.h5", *flags)
        return found

    return reach


def test_flags_reach_training(given, tmp_path):
    found = given(
        "--network", "simple_cnn", "--emotions", 8, "--epochs", 3, "--batch-size", 5, "--learning-rate", 0.5,
        "--seed", 7, "--xla", "--quiet", "--device", "cpu", "--precision", "mixed",
    )  # fmt: skip
    assert found.started == ("cpu", "mixed")
    assert (found.recipe.epochs, found.recipe.batch_size, found.recipe.learning_rate) == (3, 5, 0.5)
    assert (found.seed, found.jit, found.quiet) == (7, True, True)
    assert (found.model.name, found.model.output_shape) == ("simple_cnn", (None, 8))
    assert found.checkpoint.folder == tmp_path / "new.checkpoint"
    assert found.training[1].shape == (14, 8)


def test_without_flags_the_recipe_stays_as_it_is_and_keras_chooses(given):
    found = given()
    assert found.started == ("auto", "auto")
    assert found.recipe == RECIPES["five_block"]
    assert (found.seed, found.jit, found.quiet) == (0, "auto", False)
    assert (found.model.name, found.model.output_shape) == ("five_block", (None, 7))


def test_on_gpus_keras_chooses_though_xla_is_asked_for(given):
    assert given("--network", "simple_cnn", "--xla", gpus=["gpu:0"]).jit == "auto"


def test_training_rows_are_learnt_and_public_test_selects(given):
    found = given("--network", "simple_cnn")
    np.testing.assert_array_equal(found.training[0], FACES[:14])
    np.testing.assert_array_equal(found.validation[0], FACES[14:])
    shares = np.concatenate([found.training[1], found.validation[1]])
    np.testing.assert_array_equal(shares.argmax(axis=1), ONE_HOT.argmax(axis=1))
    np.testing.assert_allclose(shares.max(axis=1), 0.8)


def test_the_original_labels_are_certain(given):
    found = given("--network", "simple_cnn", "--labels", "fer2013")
    np.testing.assert_array_equal(found.training[1], ONE_HOT[:14])
    np.testing.assert_array_equal(found.validation[1], ONE_HOT[14:])


def test_the_seed_makes_the_first_weights(given):
    first, again, other = (
        given("--network", "simple_cnn", "--seed", seed).model.get_layer("logits").get_weights()[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_run_remembers_all_that_must_not_change_before_it_is_resumed(given, data):
    flags = ["--network", "simple_cnn", "--emotions", 7, "--labels", "fer2013", "--seed", 4, "--epochs", 9]
    settings = given(*flags, "--backbone-weights", "none").checkpoint.settings
    names = ("network", "labels", "seed", "trained_on", "teachers", "teacher_weight", "data")
    assert {name: settings.pop(name) for name in names} == {
        "network": "simple_cnn", "labels": list(SEVEN_EMOTIONS), "seed": 4, "trained_on": "fer2013",
        "teachers": [], "teacher_weight": 0.5,
        "data": f"14 rows of {load(data).fingerprint[:12]}",
    }  # fmt: skip
    assert settings.pop("backbone_weights") == "none"
    assert settings.keys() == vars(RECIPES["simple_cnn"]).keys()
    assert settings["epochs"] == 9


def test_a_teacher_reaches_training_and_only_that(given, tmp_path, monkeypatch):
    asked = []

    def load_teacher(*about):
        asked.append(about[:3])
        return lambda faces: np.tile(np.eye(7)[6], (len(faces), 1))  # sure of fear, whatever it sees

    monkeypatch.setattr("emotion.training.distillation.load_teacher", load_teacher)
    teacher = tmp_path / "teacher.h5"
    teacher.write_bytes(b"a network")
    found = given("--labels", "fer2013", "--teacher", teacher, "--teacher-weight", 0.75,
                  "--teacher-answers", tmp_path / "answers", "--device", "cpu")  # fmt: skip
    assert asked == [([teacher], SEVEN_EMOTIONS, "cpu")]
    faces, votes = found.training
    np.testing.assert_array_equal(votes, ONE_HOT[:14])
    found.teacher.begin("strong-000")
    np.testing.assert_allclose(
        found.teacher.mix(0, faces, votes), 0.25 * ONE_HOT[:14] + 0.75 * np.eye(7)[[6]], atol=1e-6
    )
    found.teacher.save()
    assert [path.name for path in (tmp_path / "answers").rglob("*.npz")] == ["strong-000.npz"]
    np.testing.assert_array_equal(found.validation[1], ONE_HOT[14:])
    assert found.checkpoint.settings["refinement"] == 0
    assert found.checkpoint.settings["teachers"] == [{"file": "teacher.h5", "sha256": sha256(teacher)}]


def test_a_teacher_s_answers_are_those_to_the_very_faces(given, tmp_path, monkeypatch):
    """Without a split to select on, each --seed holds out another tenth: as many faces, but others."""
    monkeypatch.setattr("emotion.training.distillation.load_teacher", lambda *about: None)
    teacher = tmp_path / "teacher.h5"
    teacher.write_bytes(b"a network")
    unsplit = write_small_fer2013(tmp_path / "unsplit", {"Training": 70, "PrivateTest": 7})
    flags = ["--network", "simple_cnn", "--labels", "fer2013", "--teacher", teacher]

    first, again, other = (given(*flags, "--data", unsplit, "--seed", seed) for seed in (0, 0, 1))
    assert len(first.training[0]) == len(other.training[0]) == 63
    assert first.teacher.folder == again.teacher.folder != other.teacher.folder

    first, other = (given(*flags, "--seed", seed) for seed in (0, 1))  # PublicTest selects: the same faces
    assert first.teacher.folder == other.teacher.folder


def test_the_weights_to_start_from_reach_the_network(given):
    flags = ["--network", "resnet50", "--emotions", 8, "--backbone-weights", "mine.h5"]
    found = given(*flags, to="emotion.networks.registry.build")
    assert (found.name, found.classes, found.backbone_weights) == ("resnet50", 8, "mine.h5")


def test_confidence_is_matched_to_all_votes_on_the_rows_that_select(given, monkeypatch):
    trained = []
    monkeypatch.setattr(TRAIN, lambda model, *_, **__: trained.append(model))
    found = given("--network", "simple_cnn", to="emotion.training.fit.calibrate")
    assert trained == [found.model]
    np.testing.assert_array_equal(found.faces, FACES[14:])
    np.testing.assert_allclose(found.shares.max(axis=1), 0.8)


@pytest.mark.parametrize(("flags", "epochs"), [([], 2), (["--epochs", 5], 5)], ids=["few epochs", "those asked for"])
def test_a_dry_run_leaves_nothing_where_no_output_is_named(flags, epochs, call, repository, monkeypatch):
    seen = []

    def train(dataset, args):
        args.output.write_text("a model")
        seen.append((args.output, args.epochs))

    monkeypatch.setattr(fer, "train", train)
    assert call("--dry-run", *flags) == 0
    ((output, found),) = seen
    assert found == epochs
    assert not output.is_relative_to(repository)
    assert not output.parent.exists()


@pytest.mark.parametrize(("flags", "rows"), [([], 14), (["--dry-run"], 7)], ids=["all of it", "a handful"])
def test_only_a_dry_run_takes_a_handful(flags, rows, call, tmp_path, monkeypatch):
    seen = []
    handful = fer.Dataset.sample
    monkeypatch.setattr(fer.Dataset, "sample", lambda dataset: handful(dataset, 3))
    monkeypatch.setattr(fer, "train", lambda dataset, args: seen.append((len(dataset.splits["Training"]), args.output)))
    call("--output", tmp_path / "new.h5", *flags)
    assert seen == [(rows, tmp_path / "new.h5")]
