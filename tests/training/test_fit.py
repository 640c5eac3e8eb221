import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from small_fer2013 import faces_and_codes

from emotion.errors import InputError
from emotion.networks.registry import build
from emotion.training.batches import Batches
from emotion.training.checkpoint import Checkpoint
from emotion.training.fit import build_optimizer, calibrate, classifier_of, fit, in_single_precision
from emotion.training.recipes import RECIPES, Recipe

pytestmark = pytest.mark.slow

FACES, CODES = faces_and_codes(64)
TARGETS = np.eye(7, dtype=np.float32)[CODES]
RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.01, averaging=0.9)


@pytest.fixture
def small_network():
    """Makes a network that learns the bars of the small faces within a few steps, always from the same weights."""

    def make():
        keras.utils.set_random_seed(1)
        layers = keras.layers
        return keras.Sequential(
            [
                layers.Input((48, 48, 1)),
                layers.Rescaling(1 / 255),
                layers.AveragePooling2D((2, 48)),
                layers.Flatten(),
                layers.BatchNormalization(),
                layers.Dropout(0.5),
                layers.Dense(7, name="logits"),
                layers.Softmax(),
            ]
        )

    return make


def test_each_epoch_of_a_run_has_its_own_batches(small_network, tmp_path, monkeypatch):
    asked = []
    make = Batches.__getitem__
    monkeypatch.setattr(Batches, "__getitem__", lambda self, i: asked.append((self.view, i)) or make(self, i))
    recipe = Recipe(epochs=2, batch_size=32, refinement=0)
    fit(small_network(), (FACES, TARGETS), (FACES, TARGETS), recipe, Checkpoint(tmp_path, {}), jit=False, quiet=True)
    assert asked[-4:] == [(0, 0), (0, 1), (1, 0), (1, 1)]  # before them Keras looks at the first, for its shape


def test_a_run_that_was_stopped_ends_as_the_unbroken_one(small_network, tmp_path):
    pair = (FACES, TARGETS)
    whole = small_network()
    unbroken = fit(whole, pair, pair, RECIPE, Checkpoint(tmp_path / "whole", {}), seed=2, jit=False, quiet=True)

    class KilledError(Exception):
        pass

    broken = Checkpoint(tmp_path / "broken", {})
    save = broken.save_best

    def die_after_two(epoch, logs):
        save(epoch, logs)
        if epoch == 1:
            raise KilledError

    broken.best = keras.callbacks.LambdaCallback(on_epoch_end=die_after_two)
    with pytest.raises(KilledError):
        fit(small_network(), pair, pair, RECIPE, broken, seed=2, jit=False, quiet=True)
    (tmp_path / "broken" / "running-0003.weights.h5").write_bytes(b"half of it")  # killed while it wrote

    resumed = small_network()
    again = Checkpoint(tmp_path / "broken", {}, resume=True)
    assert again.epoch == 2
    history = fit(resumed, pair, pair, RECIPE, again, seed=2, jit=False, quiet=True)
    assert [h["val_loss"] for h in history] == pytest.approx([h["val_loss"] for h in unbroken], rel=1e-3)
    np.testing.assert_allclose(classifier_of(resumed)(FACES), classifier_of(whole)(FACES), atol=1e-3)


def test_the_best_epochs_weights_are_kept_not_the_last(small_network, tmp_path):
    recipe = Recipe(epochs=3, batch_size=16, learning_rate=0.01, schedule="constant", averaging=0, augmentation=None)
    model, checkpoint = small_network(), Checkpoint(tmp_path / "run", {})
    keep = checkpoint.save_best
    # From the second epoch on, validation says that it gets worse.
    checkpoint.best = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: keep(epoch, logs | {"val_loss": 0.1 + epoch})
    )
    fit(model, (FACES, TARGETS), (FACES, TARGETS), recipe, checkpoint, jit=False, quiet=True)
    assert checkpoint.files["best"] == "best-0001.weights.h5"
    best = small_network()
    best.load_weights(checkpoint.folder / "best-0001.weights.h5")
    np.testing.assert_array_equal(classifier_of(best)(FACES), classifier_of(model)(FACES))
    names = {path.name for path in checkpoint.folder.iterdir()} - {"lock"}
    assert names == {"state.json", "running-0003.weights.h5", "best-0001.weights.h5"}  # nothing piles up


def test_a_run_whose_loss_is_no_number_ends_at_once(small_network, tmp_path):
    recipe = Recipe(epochs=3, batch_size=16, optimizer="sgd", learning_rate=1e30, schedule="constant", averaging=0)
    model, checkpoint = small_network(), Checkpoint(tmp_path / "run", {})
    with pytest.raises(InputError, match=r"epoch 1: the loss is no number any more; .* --learning-rate"):
        fit(model, (FACES, TARGETS), (FACES, TARGETS), recipe, checkpoint, jit=False, quiet=True)


def test_on_a_full_disk_a_run_ends_in_a_line_and_can_go_on(small_network, tmp_path, disk_with):
    recipe = Recipe(epochs=2, batch_size=16)
    model, checkpoint = small_network(), Checkpoint(tmp_path / "run", {})
    whole_epoch = checkpoint.write_state

    def then_the_disk_is_full():
        whole_epoch()
        disk_with(100_000)

    checkpoint.write_state = then_the_disk_is_full
    refused = pytest.raises(
        InputError, match=r"running-0002\.weights\.h5: cannot be written \(no space left on device\)"
    )
    with refused:
        fit(model, (FACES, TARGETS), (FACES, TARGETS), recipe, checkpoint, jit=False, quiet=True)
    assert Checkpoint(tmp_path / "run", {}, resume=True).epoch == 1
    names = sorted(file.name for file in (tmp_path / "run").iterdir() if file.name != "lock")
    assert names == ["best-0001.weights.h5", "running-0001.weights.h5", "state.json"]


def test_no_checkpoint_takes_more_room_than_was_asked_for(small_network, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("emotion.training.checkpoint.check_disk_space", lambda path, size: asked.append(size))
    checkpoint = Checkpoint(tmp_path / "run", {})
    fit(small_network(), (FACES, TARGETS), (FACES, TARGETS), Recipe(epochs=1), checkpoint, jit=False, quiet=True)
    sizes = [file.stat().st_size for file in (tmp_path / "run").glob("*.h5")]
    assert len(asked) == 2
    assert max(sizes) < min(asked)


@pytest.mark.parametrize("state", ["", "{}", "[]"], ids=["empty", "no words", "a list"])
def test_resuming_a_damaged_run_is_told(state, tmp_path):
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(InputError, match=r"state\.json is damaged; delete the folder"):
        Checkpoint(tmp_path, {}, resume=True)


def test_an_unfinished_run_is_not_overwritten(tmp_path):
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(InputError, match="--resume, or delete"):
        Checkpoint(tmp_path, {})


def test_resuming_with_other_flags_names_them(tmp_path):
    state = {"settings": {"seed": 1, "epochs": 9}, "history": [], "best_loss": 1.0, "files": {}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match=r"another run \(epochs was 9\)"):
        Checkpoint(tmp_path, {"seed": 1, "epochs": 8}, resume=True)


def test_resuming_nothing_starts_anew_and_says_so(tmp_path, notes):
    assert Checkpoint(tmp_path / "none", {}, resume=True).epoch == 0
    assert notes == [f"--resume: {tmp_path / 'none'} holds no run to go on with; begun anew"]


def test_a_finished_run_leaves_nothing_behind(tmp_path):
    (tmp_path / "run").mkdir()
    checkpoint = Checkpoint(tmp_path / "run", {})
    checkpoint.write_state()
    checkpoint.finish()
    assert list(tmp_path.iterdir()) == []


def test_temperature_makes_an_overconfident_network_as_sure_as_people_and_changes_no_answer(small_network):
    model = small_network()
    model.get_layer("logits").set_weights([w * 30 for w in model.get_layer("logits").get_weights()])
    before = classifier_of(model)(FACES)
    shares = np.full((64, 7), 1 / 7, np.float32)  # nobody could tell
    assert calibrate(model, FACES, shares) > 2
    after = classifier_of(model)(FACES)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert after.max(axis=1).mean() < before.max(axis=1).mean()


@pytest.mark.parametrize("name", ["small", "five_block", "mini_xception"])
def test_a_calibrated_network_needs_no_calibration(name, small_network):
    model = small_network() if name == "small" else build(name)
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    last.bias.assign(np.linspace(-3, 3, 7))
    halved = np.exp(np.linspace(-1.5, 1.5, 7, dtype=np.float32))
    shares = np.tile(halved / halved.sum(), (64, 1))
    assert 1.2 < calibrate(model, FACES, shares) < 7
    assert calibrate(model, FACES, shares) == pytest.approx(1, rel=0.02)


def test_cosine_warms_up_for_an_epoch_and_ends_near_zero():
    rate = build_optimizer(Recipe(epochs=10, learning_rate=1.0), steps=100)._learning_rate
    at = [float(rate(step)) for step in (0, 100, 550, 1000)]
    assert at == pytest.approx([0.05, 1.0, 0.501, 0.002], rel=0.01)


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_decay_and_averaging_are_the_recipes(name):
    recipe = Recipe(optimizer=name, weight_decay=0.3, averaging=0.7)
    optimizer = build_optimizer(recipe, steps=10)
    assert (type(optimizer).__name__.lower(), optimizer.weight_decay) == (name, 0.3)
    assert (optimizer.use_ema, optimizer.ema_momentum) == (True, 0.7)


def test_a_recipe_without_decay_and_averaging_has_none():
    optimizer = build_optimizer(Recipe(optimizer="adam", weight_decay=0.0, averaging=0.0), steps=10)
    assert (optimizer.weight_decay, optimizer.use_ema) == (None, False)


def test_of_averaged_weights_the_averages_are_kept_and_the_run_goes_on_from_the_others(small_network, tmp_path):
    checkpoint = Checkpoint(tmp_path, {})
    model, running = small_network(), small_network()
    fit(model, (FACES, TARGETS), (FACES, TARGETS), replace(RECIPE, epochs=1), checkpoint, jit=False, quiet=True)
    running.compile(build_optimizer(RECIPE, steps=4))
    running.optimizer.build(running.trainable_variables)
    running.load_weights(tmp_path / "running-0001.weights.h5")
    averages = running.optimizer._model_variables_moving_average
    for kept, average, last in zip(model.trainable_variables, averages, running.trainable_variables, strict=True):
        np.testing.assert_allclose(kept, average, rtol=1e-6)
        assert np.abs(kept - last).max() > 1e-4


def test_a_run_on_a_plateau_is_trained_at_the_lower_rate(small_network, tmp_path):
    stuck = [{"val_loss": 0.0, "seconds": 1.0}] * 13  # not one of the epochs to come can be better
    recipe = Recipe(epochs=14, batch_size=16, optimizer="adam", schedule="plateau", averaging=0, refinement=0)
    model, checkpoint = small_network(), Checkpoint(tmp_path / "run", {})
    checkpoint.history = stuck
    checkpoint.load_best = lambda model: None  # there is none: those epochs never were
    fit(model, (FACES, TARGETS), (FACES, TARGETS), recipe, checkpoint, jit=False, quiet=True)
    assert float(model.optimizer.learning_rate) == pytest.approx(recipe.learning_rate / 10)


@pytest.mark.parametrize("name", sorted({recipe.optimizer for recipe in RECIPES.values()} | {"sgd"}))
def test_normalizations_and_biases_do_not_decay(name, small_network):
    model = small_network()
    optimizer = build_optimizer(Recipe(optimizer=name), steps=10)
    optimizer.build(model.trainable_variables)
    decaying = [v.path for v in model.trainable_variables if optimizer._use_weight_decay(v)]
    assert [path.split("/")[-1] for path in decaying] == ["kernel"]


@pytest.mark.parametrize(
    ("steps", "momentum"), [(443, 0.998), (100, 1 - 1 / 120), (1, 1 / 6)], ids=["FER2013", "6,400 faces", "64 faces"]
)
def test_the_average_of_the_weights_is_of_little_more_than_an_epoch(steps, momentum):
    assert build_optimizer(Recipe(), steps).ema_momentum == pytest.approx(momentum)


def test_trained_in_half_precision_it_is_measured_as_it_will_predict():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        inside = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(5)])
        trained = keras.Sequential([inside, keras.layers.Dense(3), keras.layers.Softmax()])
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    single = in_single_precision(trained)
    kernels = inside.layers[-1].get_weights(), trained.layers[-2].get_weights()
    hidden = FACES.reshape(len(FACES), -1) @ kernels[0][0] + kernels[0][1]
    logits = hidden @ kernels[1][0] + kernels[1][1]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        classifier_of(single)(FACES), powers / powers.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-6
    )
    assert in_single_precision(single) is single
