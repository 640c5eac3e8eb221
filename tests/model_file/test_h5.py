import json

import cv2
import h5py
import keras
import numpy as np
import pytest
from keras import layers

from emotion.errors import InputError
from emotion.model_file.h5 import load_model, load_predictor, make_predictor, save_model
from emotion.model_file.scaling import SCALINGS
from emotion.model_file.stored import open_model, read_card

pytestmark = pytest.mark.slow

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)


def network(shape=(48, 48, 1), end=None):
    end = end or layers.Dense(4, activation="softmax")
    return keras.Sequential([keras.Input(shape), layers.AveragePooling2D(8), layers.Flatten(), end])


def answers(model, faces):
    """Called, not `predict`: that would compile the network for one look at it."""
    return keras.ops.convert_to_numpy(model(faces, training=False))


@pytest.fixture
def foreign(tmp_path):
    """Writes a model as other people do: without a card."""

    def write(model, name="theirs.h5"):
        save_model(model, tmp_path / name, {})
        with h5py.File(tmp_path / name, "r+") as file:
            del file.attrs["card"]
        (tmp_path / name).with_suffix(".json").unlink()
        return tmp_path / name

    return write


def test_a_network_for_pictures_of_any_size_takes_faces_of_48(foreign):
    face = keras.Input((None, None, 1))
    end = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(face)))
    model = keras.Model(face, end)
    path = foreign(model)
    assert load_model(path).input_shape == load_predictor(path).input_shape == (None, 48, 48, 1)
    assert np.allclose(answers(load_model(path), FACES), answers(model, FACES), atol=1e-6)


def edit_config(path, edit):
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        edit(config)
        file.attrs["model_config"] = json.dumps(config)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    model, card = network(), {"labels": ["joie", "dégoût"], "figures": [0.5, None]}
    save_model(model, tmp_path / "new folder" / "m.h5", card)
    path = tmp_path / "new folder" / "m.h5"
    assert np.array_equal(answers(load_model(path), FACES), answers(model, FACES))
    assert read_card(path) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == card
    assert sorted(file.name for file in path.parent.iterdir()) == ["m.h5", "m.json"]


def test_of_a_trained_model_the_optimizer_stays_behind(tmp_path):
    model = network()
    model.compile("adam", "categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    save_model(model, tmp_path / "m.h5", {})
    with h5py.File(tmp_path / "m.h5") as file:
        assert "optimizer_weights" not in file


def test_a_model_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"m\.h5: cannot be written"):
        save_model(network(), tmp_path / "file" / "m.h5", {})


def test_a_full_disk_costs_the_new_model_and_not_the_old_one(tmp_path, disk_with):
    (tmp_path / "m.h5").write_bytes(b"old")
    model = keras.Sequential([keras.Input((400,)), layers.Dense(400)])
    refused = pytest.raises(InputError, match=r"/m\.h5: cannot be written \(no space left on device\)")
    disk_with(100_000)
    with refused:
        save_model(model, tmp_path / "m.h5", {})
    assert (tmp_path / "m.h5").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_model_and_card_change_together_or_not_at_all(tmp_path):
    """The card cannot take its place: the model goes back to what it was."""
    save_model(network(), tmp_path / "m.h5", {"run": 1})
    before = (tmp_path / "m.h5").read_bytes()
    (tmp_path / "m.json").unlink()
    (tmp_path / "m.json").mkdir()
    with pytest.raises(InputError, match=r"m\.h5: cannot be written"):
        save_model(network(), tmp_path / "m.h5", {"run": 2})
    assert (tmp_path / "m.h5").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.h5", "m.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "no such model file", id="missing"),
        pytest.param(b"", "not an HDF5", id="empty"),
        pytest.param(b"text", "not an HDF5", id="text"),
        pytest.param(b"\x89HDF\r\n\x1a\n" + b"0" * 99, "not an HDF5", id="truncated"),
    ],
)
def test_what_is_no_model_file(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "m.h5").write_bytes(content)
    with pytest.raises(InputError, match=rf"m\.h5: {reason}"):
        load_model(tmp_path / "m.h5")


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        pytest.param({"class_name": "Lambda"}, "Lambda", id="a layer of code"),
        pytest.param({"class_name": "TFOpLambda"}, "TFOpLambda", id="another"),
        pytest.param({"class_name": "Conv2D", "module": "os"}, "os.Conv2D", id="a plain name from elsewhere"),
        pytest.param({"config": {"class_name": "__lambda__"}}, "__lambda__", id="code inside a plain layer"),
    ],
)
def test_code_is_refused(foreign, edit, named):
    path = foreign(network())
    edit_config(path, lambda config: config["config"]["layers"][1].update(edit))
    with pytest.raises(InputError, match=rf"theirs\.h5: refused: it holds .*{named}, which is no plain layer"):
        load_model(path)


def test_a_normalization_that_would_be_lost_is_refused(foreign):
    model = keras.Sequential([keras.Input((48, 48, 1)), layers.LayerNormalization(axis=(1, 2, 3)), layers.Flatten()])
    with pytest.raises(InputError, match=r"LayerNormalization over axes \[1, 2, 3\]"):
        load_model(foreign(model))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        pytest.param(lambda: network((48, 48, 2)), "expected faces", id="two channels"),
        pytest.param(lambda: keras.Sequential([keras.Input((9,)), layers.Dense(4)]), "expected faces", id="no picture"),
        pytest.param(
            lambda: keras.Sequential([keras.Input((48, 48, 1)), layers.ReLU()]), "expected faces", id="picture out"
        ),
        pytest.param(lambda: network(end=layers.Dense(1, activation="sigmoid")), "expected faces", id="one output"),
        pytest.param(
            lambda: network(end=layers.Dense(4, activation="relu")), "neither probabilities", id="ReLU at the end"
        ),
    ],
)
def test_a_wrong_shape(foreign, model, reason):
    with pytest.raises(InputError, match=rf"theirs\.h5: .*{reason}"):
        load_predictor(foreign(model()))


def test_without_a_card_pixels_are_scaled_unless_a_layer_does(foreign):
    bare = network()
    assert np.allclose(answers(load_predictor(foreign(bare)), FACES), answers(bare, FACES / 255), atol=1e-6)
    scaling = keras.Sequential([keras.Input((48, 48, 1)), layers.Rescaling(1 / 127.5, -1), *bare.layers])
    expected = answers(scaling, FACES)
    assert np.allclose(answers(load_predictor(foreign(scaling)), FACES), expected, atol=1e-6)


def test_logits_become_probabilities(foreign):
    model = network(end=layers.Dense(4))
    predictor, how = make_predictor(open_model(foreign(model)), "0-1")
    logits = answers(model, FACES / 255)
    assert how.output == "logits"
    assert np.allclose(answers(predictor, FACES), keras.ops.softmax(logits), atol=1e-6)


@pytest.mark.parametrize("apart", [False, True], ids=["in the last layer", "in a layer of its own"])
def test_scores_of_each_class_are_divided_by_their_sum(foreign, apart):
    end = [layers.Dense(4), layers.Activation("sigmoid")] if apart else [layers.Dense(4, activation="sigmoid")]
    model = keras.Sequential([*network().layers[:-1], *end])
    scores = answers(model, FACES / 255)
    predictor, how = make_predictor(open_model(foreign(model)), "0-1")
    assert how.output == "scores"
    expected = scores / scores.sum(axis=1, keepdims=True)
    assert np.allclose(answers(predictor, FACES), expected, atol=1e-6)


@pytest.mark.parametrize("scaling", ["0-1", "-1-1", "0-255", "standardize"])
def test_pixels_are_scaled_as_is_said(foreign, scaling):
    said = {"0-1": (1 / 255, 0), "-1-1": (2 / 255, -1), "0-255": (1, 0), "standardize": (1 / 65, -129.5 / 65)}
    scale, offset = said[scaling]
    model = network()
    expected = answers(model, FACES * scale + offset)
    assert np.allclose(answers(load_predictor(foreign(model), scaling), FACES), expected, atol=1e-5)


@pytest.mark.parametrize("scaling", ["0-1", "-1-1", "0-255", "standardize"])
def test_the_scaling_is_found_by_what_the_first_normalization_learnt(foreign, sample, scaling):
    scale, offset = SCALINGS[scaling]
    norm = layers.BatchNormalization(momentum=0.0)
    end = layers.Dense(4, activation="softmax")
    parts = [layers.Conv2D(8, 3), norm, layers.ReLU(), layers.GlobalAveragePooling2D(), end]
    model = keras.Sequential([keras.Input((48, 48, 1)), *parts])
    gray = cv2.cvtColor(cv2.imread(str(sample)), cv2.COLOR_BGR2GRAY)
    faces = np.stack([gray[y : y + 48, x : x + 48] for y in range(60, 160, 10) for x in range(170, 270, 10)])
    model(faces[..., None] * np.float32(scale) + offset, training=True)
    how = make_predictor(open_model(foreign(model)))[1]
    assert (how.scaling, how.source[:14]) == (scaling, "by measurement")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(foreign, number):
    model = network()
    model.layers[-1].bias.assign([0, number, 0, 0])
    with pytest.raises(InputError, match=r"theirs\.h5: refused: some of its weights are no numbers"):
        load_predictor(foreign(model))


def test_outputs_that_are_no_numbers_are_refused_though_the_weights_are(foreign):
    model = network()
    model.layers[-1].kernel.assign(np.full(model.layers[-1].kernel.shape, 3e38, np.float32))
    with pytest.raises(InputError, match=r"theirs\.h5: refused: its outputs are no numbers"):
        load_predictor(foreign(model))


def test_keras_own_format(tmp_path):
    model = network()
    model.compile("adam", "mse")
    model.save(tmp_path / "m.keras")
    predictor = load_predictor(tmp_path / "m.keras")
    assert np.allclose(answers(predictor, FACES), answers(model, FACES / 255), atol=1e-6)


@pytest.mark.parametrize("write", ["text in text", "layers alone", "get_config", "keras 3"])
def test_architectures_in_all_the_forms_that_go_round(write, tmp_path):
    model = network()
    config = json.loads(model.to_json())
    forms = {
        "text in text": json.dumps(model.to_json()),
        "layers alone": json.dumps(config["config"]["layers"]),
        "get_config": json.dumps(config["config"]),
        "keras 3": model.to_json(),
    }
    (tmp_path / "model.json").write_text(forms[write])
    model.save_weights(tmp_path / "model.weights.h5")
    found = answers(load_model(tmp_path / "model.weights.h5"), FACES)
    assert np.allclose(found, answers(model, FACES), atol=1e-6)


def test_the_only_architecture_in_the_folder_is_taken_and_said_so(tmp_path, notes):
    model = network()
    (tmp_path / "structure.json").write_text(model.to_json())
    (tmp_path / "training_log.json").write_text('{"loss": [1.6, 1.3]}')
    model.save_weights(tmp_path / "best.weights.h5")
    load_model(tmp_path / "best.weights.h5")
    assert notes == [f"{tmp_path / 'best.weights.h5'}: weights alone; the network is that of structure.json"]


def test_a_sequential_without_an_input_layer_as_keras_2_2_wrote_it(foreign):
    parts = layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")
    model = keras.Sequential([keras.Input((48, 48, 1)), *parts])
    path = foreign(model)

    def edit(config):
        first, *rest = (layer for layer in config["config"]["layers"] if layer["class_name"] != "InputLayer")
        first["config"]["batch_input_shape"] = [None, 48, 48, 1]
        for layer in (first, *rest):
            layer.pop("module", None)
            layer["config"]["dtype"] = "float32"
        config["config"] = [first, *rest]

    edit_config(path, edit)
    assert np.allclose(answers(load_model(path), FACES), answers(model, FACES), atol=1e-5)


def test_half_precision_predicts_in_single(tmp_path):
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((48, 48, 1)), layers.Rescaling(1 / 255), *network().layers])
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    save_model(model, tmp_path / "m.h5", {})
    predictor = load_predictor(tmp_path / "m.h5")
    assert {layer.compute_dtype for layer in predictor.layers} == {"float32"}
    assert np.allclose(answers(predictor, FACES), answers(model, FACES), atol=0.01)


def keras2_separable(foreign):
    """A model of separable convolutions, and its configuration as Keras 2.12 wrote it."""
    parts = [keras.Input((48, 48, 1)), layers.SeparableConv2D(4, 3, name="one"), layers.DepthwiseConv2D(3, name="two")]
    model = keras.Sequential([*parts, layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")])
    path = foreign(model)

    def edit(config):
        for layer in config["config"]["layers"]:
            layer.pop("module", None)
            layer["config"]["dtype"] = "float32"
            if "batch_shape" in layer["config"]:
                layer["config"]["batch_input_shape"] = layer["config"].pop("batch_shape")
            if layer["config"]["name"] in ("one", "two"):
                ones = {"class_name": "Ones", "config": {}}
                layer["config"] |= {
                    "groups": 1,
                    "kernel_initializer": ones,
                    "kernel_regularizer": None,
                    "kernel_constraint": None,
                }

    edit_config(path, edit)
    return model, path


def test_a_model_of_keras_2(foreign):
    model, path = keras2_separable(foreign)
    assert np.allclose(answers(load_model(path), FACES), answers(model, FACES), atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "words", "module"),
    [
        (0, {"batch_input_shape": [None, 48, 48, 1]}, "keras.layers"),
        (0, {"batch_input_shape": [None, 48, 48, 1]}, None),
        (1, {"axis": [3]}, "keras.layers"),
    ],
    ids=["its first layer says the input too", "as older ones did", "its normalization has a list of axes"],
)
def test_a_model_of_keras_2_in_the_words_of_its_layers(foreign, layer, words, module):
    parts = layers.Conv2D(4, 3), layers.BatchNormalization(), layers.GlobalAveragePooling2D()
    model = keras.Sequential([keras.Input((48, 48, 1)), *parts, layers.Dense(4, activation="softmax")])
    path = foreign(model)

    def edit(config):
        config["config"]["layers"][1 + layer]["config"] |= words
        for part in config["config"]["layers"]:
            part["module"] = module
            if module is None:
                del part["module"]

    edit_config(path, edit)
    assert np.allclose(answers(load_model(path), FACES), answers(model, FACES), atol=1e-5)


def test_weights_with_their_architecture_beside(foreign, tmp_path):
    model, path = keras2_separable(foreign)
    with h5py.File(path) as whole, h5py.File(tmp_path / "weights.h5", "w") as weights:
        (tmp_path / "weights.json").write_text(whole.attrs["model_config"])
        for name in whole["model_weights"]:
            whole.copy(whole["model_weights"][name], weights)
        for name, value in whole["model_weights"].attrs.items():
            weights.attrs[name] = value
    expected = answers(model, FACES)
    assert np.allclose(answers(load_model(tmp_path / "weights.h5"), FACES), expected, atol=1e-5)
    (tmp_path / "weights.json").unlink()
    with pytest.raises(InputError, match=r"put the architecture beside it as weights\.json"):
        load_model(tmp_path / "weights.h5")
