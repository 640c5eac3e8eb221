"""Going on from a trained network: what is kept, what is new, and what the card says of it."""

import json
import shutil

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from emotion.errors import InputError
from emotion.labels import SEVEN_EMOTIONS
from emotion.model_file.h5 import load_predictor, save_model
from emotion.model_file.stored import sha256
from emotion.networks.pretrained import head_of, load_pretrained, origin_of, plain_layers, replace_head
from emotion.networks.registry import NETWORKS

pytestmark = pytest.mark.slow
FACES = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)


def answers(model):
    """Called, not `predict`: that would compile the network for one look at it."""
    return keras.ops.convert_to_numpy(model(FACES, training=False))


@pytest.mark.parametrize("name", ["five_block", "mini_xception", "simple_cnn"])
def test_all_is_kept_but_the_outputs_it_lacks(name):
    model = NETWORKS[name](7)
    head = head_of(model)
    head.set_weights([np.random.default_rng(0).normal(size=weights.shape) for weights in head.get_weights()])
    new = replace_head(model, SEVEN_EMOTIONS, ("fear", "bored", "neutral"))
    assert new.output_shape == (None, 3)
    np.testing.assert_allclose(answers(new).sum(axis=1), 1, atol=1e-5)
    pairs = list(zip(plain_layers(model), plain_layers(new), strict=True))
    assert sum(old is head for old, _ in pairs) == 1
    for old, fresh in pairs:
        for ours, theirs in zip(old.get_weights(), fresh.get_weights(), strict=True):
            if old is head:
                np.testing.assert_array_equal(theirs[..., [0, 2]], ours[..., [6, 0]])
                assert not np.isin(theirs[..., 1], ours).all() or not theirs[..., 1].any()  # a bias begins at 0
            else:
                np.testing.assert_array_equal(ours, theirs)


def test_the_same_labels_in_another_order_are_the_same_answers(tiny_model):
    kept = answers(load_pretrained(tiny_model, SEVEN_EMOTIONS))
    other = answers(load_pretrained(tiny_model, SEVEN_EMOTIONS[::-1]))
    np.testing.assert_allclose(kept, answers(keras.saving.load_model(tiny_model)), atol=1e-6)
    np.testing.assert_allclose(other[:, ::-1], kept, atol=1e-6)


def test_where_it_came_from(tiny_model):
    origin = origin_of(tiny_model, ("happiness", "bored"))
    assert origin == {
        "file": "tiny.h5", "sha256": sha256(tiny_model), "network": None, "labels": list(SEVEN_EMOTIONS),
        "outputs_kept": ["happiness"], "outputs_new": ["bored"], "data": None,
    }  # fmt: skip


def test_a_network_that_ended_in_sigmoids_goes_on_from_their_logits(tmp_path):
    model = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(3, activation="sigmoid")])
    save_model(model, tmp_path / "theirs.h5", {"labels": ["angry", "bored", "happy"]})
    new = load_pretrained(tmp_path / "theirs.h5", ("happiness", "anger"))
    logits = FACES.reshape(3, -1) @ head_of(model).get_weights()[0]
    expected = np.array(keras.ops.softmax(logits[:, [2, 0]]))
    np.testing.assert_allclose(answers(new), expected, atol=1e-4)
    save_model(new, tmp_path / "ours.h5", {"labels": ["happiness", "anger"]})
    assert load_predictor(tmp_path / "ours.h5").output_shape == (None, 2)


def test_somebody_elses_network_is_gone_on_from_with_its_pixels_scaled(tiny_model, tmp_path):
    model = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(4, activation="softmax")])
    save_model(model, tmp_path / "theirs.h5", {})
    with h5py.File(tmp_path / "theirs.h5", "r+") as file:
        del file.attrs["card"]
    new = load_pretrained(tmp_path / "theirs.h5", ("bored", "alert"))
    assert new.output_shape == (None, 2)
    kernel = head_of(new).get_weights()[0] / 255
    logits = FACES.reshape(3, -1) @ kernel
    np.testing.assert_allclose(answers(new), np.array(keras.ops.softmax(logits)), atol=1e-4)


def test_faces_of_another_size_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((64, 64, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    save_model(model, tmp_path / "large.h5", {"labels": ["bored", "alert"]})
    with pytest.raises(InputError, match=r"large\.h5: takes faces of 64x64x1, and training is on 48x48x1"):
        load_pretrained(tmp_path / "large.h5", ("bored", "alert"))


def test_a_run_goes_on_from_a_model_to_classes_of_its_own(tiny_model, tmp_path, run_script):
    from small_fer2013 import write_class_folders

    write_class_folders(tmp_path / "faces", ("bored", "alert", "happy") * 2 + ("bored",), {"train": 28, "val": 14})
    start = shutil.copy(tiny_model, tmp_path / "start.h5")
    done = run_script(
        "fer.py", "--data", tmp_path / "faces", "--init-from", start, "--epochs", 2, "--output", tmp_path / "own.h5"
    )
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "own.h5") as file:
        card = json.loads(file.attrs["card"])
    assert card["labels"] == ["happiness", "alert", "bored"]
    assert card["protocol"] == "labels"
    assert card["init_from"]["outputs_kept"] == ["happiness"]
    assert card["init_from"]["outputs_new"] == ["alert", "bored"]
    assert card["init_from"]["sha256"] == sha256(tiny_model)
    assert "outputs kept: happiness; new: alert, bored" in done.stderr
    assert card["recipe"]["learning_rate"] == pytest.approx(0.0002)
