import contextlib
import json
import math
import os
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.model_file.architecture import files_of, normalize_keras2_config
from emotion.model_file.safety import check_card, check_layers, open_h5, parse_json
from emotion.model_file.sizes import network_size
from emotion.model_file.stored import open_model, read_card


@pytest.mark.parametrize("text", ["{", "3", "[]", '{"class_name": ["a"]}', '{"class_name": "Model"}', "[" * 5000])
def test_a_damaged_configuration_is_one_line(tmp_path, text):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = text
        file.attrs["layer_names"] = []
    with pytest.raises(InputError, match=r"m\.h5: its configuration is damaged"):
        open_model(tmp_path / "m.h5")


@pytest.mark.parametrize("text", ["{", "3", ""], ids=["cut", "a number", "empty"])
def test_a_damaged_architecture_beside_its_weights_is_one_line(tmp_path, text):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["layer_names"] = []
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=r"m\.h5: its configuration is damaged"):
        open_model(tmp_path / "m.h5")


def virtual(file):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "w", (4,))
    file.create_virtual_dataset("deep/w", layout)


@pytest.mark.parametrize(
    "store",
    [
        pytest.param(lambda file: file.update({"deep/w": h5py.ExternalLink("other.h5", "/w")}), id="a link outside"),
        pytest.param(lambda file: file.update({"deep/w": h5py.SoftLink("/v")}), id="a soft link"),
        pytest.param(
            lambda file: file.create_dataset("deep/w", (4,), "u1", external=[("secret.txt", 0, 4)]), id="bytes outside"
        ),
        pytest.param(virtual, id="a virtual dataset"),
    ],
)
def test_what_points_to_another_file_is_refused(tmp_path, store):
    (tmp_path / "secret.txt").write_text("1234")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_group("deep")
        store(file)
    with pytest.raises(InputError, match=r"m\.h5: refused: deep/w points to another file"):
        open_h5(tmp_path / "m.h5")


def test_a_model_of_another_format_is_refused(tmp_path):
    (tmp_path / "m.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"m\.pt: not a \.h5, \.keras, \.tflite or \.onnx"):
        read_card(tmp_path / "m.pt")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ([], "is no card"),
        ({"labels": "happy"}, "are no names"),
        ({"labels": [1, 2]}, "are no names"),
        ({"labels": ["a", "b\nc"]}, "are no names"),
        ({"labels": ["a", "\x1b[31mred"]}, "are no names"),
        ({"labels": ["a", ""]}, "are no names"),
        ({"labels": ["a", "b" * 61]}, "are no names"),
        ({"labels": ["a", "b", "a"]}, "names a label twice"),
    ],
    ids=["a list", "a text", "numbers", "a newline", "an escape", "empty", "too long", "twice"],
)
def test_a_card_of_the_wrong_form(card, reason):
    with pytest.raises(InputError, match=rf"m\.h5: its card.*{reason}"):
        check_card(card, Path("m.h5"))


def test_a_name_that_stands_twice_is_refused():
    """Which of the two counts? We would check the one, and Keras may read the other."""
    with pytest.raises(ValueError, match="twice"):
        parse_json('{"class_name": "Dense", "config": {}, "class_name": "Lambda"}')


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Dense", "registered_name": "evil>Layer", "module": "keras.layers"},
        {"className": "Lambda", "class_name": "Dense"},
        {"className": "Lambda"},
    ],
    ids=["a registered name", "JavaScript's word beside it", "JavaScript's word"],
)
def test_a_layer_under_another_name_is_refused(layer):
    with pytest.raises(InputError, match="under another name"):
        check_layers({"class_name": "Sequential", "config": {"layers": [layer]}}, Path("m.h5"))


def sequential(*layers, shape=(48, 48, 1)):
    entrance = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, *shape]}}
    named = [{"class_name": kind, "config": {"name": f"{kind}{i}", **words}} for i, (kind, words) in enumerate(layers)]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [entrance, *named]}}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (sequential(("Flatten", {}), ("Dense", {"units": 10**9})), "parameters"),
        (sequential(("Flatten", {}), ("Dense", {"units": 7}), shape=(30000, 30000, 1)), "an input of 30000x30000x1"),
        (sequential(("Conv2D", {"filters": 10**6, "kernel_size": [99, 99]})), "parameters"),
        (sequential(("UpSampling2D", {"size": [999, 999]}), ("Flatten", {})), "a layer of 47952x47952x1"),
        (sequential(("Resizing", {"height": 99999, "width": 99999})), "a layer of 99999x99999x1"),
        (sequential(("ZeroPadding2D", {"padding": [[9999, 9999], [9999, 9999]]})), "a layer of 20046x20046x1"),
    ],
    ids=["units", "input", "kernel", "upsampling", "resizing", "padding"],
)
def test_what_would_fill_the_memory_is_refused_by_its_configuration(config, named, tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["layer_names"] = []
    with pytest.raises(InputError, match=rf"m\.h5: refused: it asks for .*{named}"):
        open_model(tmp_path / "m.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_an_architecture_is_a_regular_file(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["layer_names"] = []
    os.mkfifo(tmp_path / "m.json")
    with pytest.raises(InputError, match=r"m\.h5: its configuration is damaged, as m\.json has it"):
        open_model(tmp_path / "m.h5")


def test_a_network_beside_its_weights_is_read_for_them(tmp_path):
    """Whatever it is called: facial_expression_model_structure.json goes round beside ..._weights.h5."""
    (tmp_path / "structure.json").write_text(json.dumps(sequential()))
    (tmp_path / "faces.json").write_text('{"frames": []}')
    (tmp_path / "notes.json").write_text("no JSON")
    (tmp_path / "long.json").write_text(
        json.dumps({"frames": [0] * 4096} | sequential())
    )  # its first words are read alone
    found = {path.name for path in files_of(tmp_path / "weights.h5")}
    assert found == {"weights.h5", "weights.tflite", "weights.json", "structure.json"}


def functional(*layers):
    """`layers`: (name, class, the names of its sources, its words)."""
    entrance = {
        "class_name": "InputLayer",
        "config": {"name": "in", "batch_shape": [None, 48, 48, 1]},
        "inbound_nodes": [],
    }
    rest = [
        {
            "class_name": kind,
            "config": {"name": name, **words},
            "inbound_nodes": [[[source, 0, 0, {}] for source in sources]] if sources else [],
        }
        for name, kind, sources, words in layers
    ]
    return {"class_name": "Functional", "config": {"name": "f", "layers": [entrance, *rest]}}


POOL = ("pool", "GlobalAveragePooling2D", ["in"], {})
ROW = ("row", "Reshape", ["in"], {"target_shape": [2304, 1]})
NARROW = {"batch_input_shape": [None, 4, 4, 1], "batch_shape": [None, 48, 48, 1]}
UNFED = {"name": "in", "batch_shape": [None, None, None, 1]}


@pytest.mark.parametrize(
    "config",
    [
        functional(POOL, ("big", "Dense", ["mid"], {"units": 60_000}), ("mid", "Dense", ["pool"], {"units": 60_000})),
        functional(POOL, ("nan", "DepthwiseConv2D", ["in"], {"kernel_size": [3, 3], "depth_multiplier": math.nan})),
        functional(
            ("crop", "Cropping2D", ["in"], {"cropping": [[10**9, 10**9], [0, 0]]}), ("less", "PReLU", ["crop"], {}), POOL
        ),
        functional(ROW, ("dot", "Dot", ["row", "row"], {"axes": [2, 2]}), ("large", "Dense", ["dot"], {"units": 9000})),
        functional(
            ("across", "Resizing", ["in"], {"height": 1, "width": 9000}),
            ("down", "Resizing", ["in"], {"height": 9000, "width": 1}),
            ("product", "Multiply", ["across", "down"], {}),
        ),
        functional(("turned", "Resizing", ["in"], {"height": 999, "width": 999, "data_format": "channels_first"})),
        functional(("one", "Resizing", ["two"], {"height": 9, "width": 9}), ("two", "ReLU", ["one"], {})),
        functional(POOL, ("big", "Dense", ["pool"], {"units": 2304}), ("big", "Dense", ["pool"], {"units": 1})),
        sequential(("Resizing", {"height": 4000, "width": 4000, **NARROW}), ("Flatten", {}), ("Dense", {"units": 20})),
        sequential(*[("Resizing", {"height": 4000, "width": 4000}), ("ReLU", {})] * 20),
        sequential(
            ("Resizing", {"height": 1000, "width": 1000}), ("Conv2D", {"filters": 16, "kernel_size": 400, "padding": "same"}),
            ("Conv2D", {"filters": 16, "kernel_size": 400, "padding": "same"}),
        ),
        sequential(*[("ReLU", {})] * 6000),
        {"class_name": "Sequential", "config": {"build_input_shape": [None, 30000, 30000, 1], "layers": [
            {"class_name": "Flatten", "config": {"name": "flat"}}]}},
        {"class_name": "Sequential", "config": {"layers": [
            {"class_name": "Flatten", "config": {"name": "flat", "input_shape": [30000, 30000, 1]}}]}},
        {"class_name": "Sequential", "config": {"layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "shape": [30000, 30000, 1]}}]}},
        {"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {
            "name": "in", "batch_shape": [None, 48, 48, 1], "batch_input_shape": [None, 30000, 30000, 1]}}]}},
        {"class_name": "Sequential", "config": {"layers": [{"class_name": "Flatten", "config": {"name": "flat"}}]}},
        sequential(
            ("Resizing", {"height": 1000, "width": 1000}),
            ("Functional", {"layers": [
                {"class_name": "InputLayer", "config": UNFED, "inbound_nodes": []},
                {"class_name": "Conv2D", "config": {"name": "c", "filters": 32, "kernel_size": 3, "padding": "same"},
                 "inbound_nodes": [[["in", 0, 0, {}]]]}]}),
        ),
    ],
    ids=[
        "a source that stands behind", "NaN", "less than nothing", "dot", "stretched by another", "channels first", "circle",
        "a name twice", "a layer that names a smaller input", "many layers", "work", "count of layers", "build_input_shape",
        "input_shape", "shape", "two shapes", "no shape", "a network within that takes any size",
    ],
)  # fmt: skip
def test_a_size_cannot_be_hidden(config, tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["layer_names"] = []
    with pytest.raises(InputError, match=r"m\.h5: (refused: it asks for|its configuration is damaged)"):
        open_model(tmp_path / "m.h5")


def test_a_layer_may_be_called_twice_and_a_network_within_has_its_own_list():
    inner = {"class_name": "Functional", "name": "inner", "config": functional(POOL)["config"]}
    inner["inbound_nodes"] = [[["in", 0, 0, {}]]]
    relu = {"class_name": "ReLU", "name": "relu", "config": {"name": "relu"}}
    relu["inbound_nodes"] = [[["in", 0, 0, {}]], [["inner", 1, 0, {}]]]  # Keras 2 counts a model's calls from 1
    config = functional(("end", "Dense", ["relu"], {"units": 7}))
    config["config"]["layers"][1]["inbound_nodes"] = [[["relu", 1, 0, {}]]]
    config["config"]["layers"][1:1] = [relu, inner]
    size, shape = network_size(config)
    assert (size.parameters, shape) == (14, (7,))


def test_a_layer_is_built_for_what_it_is_fed_with_and_for_nothing_else():
    layer = {
        "class_name": "Dense",
        "config": {"units": 7, "input_dim": 10**9},
        "build_config": {"input_shape": [None, 10**9]},
    }
    assert normalize_keras2_config(layer) == {"class_name": "Dense", "config": {"units": 7}}


def test_weights_of_zeros_that_are_packed(tmp_path):
    """A few kB of file, of which Keras would make 160 MB."""
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(sequential(("Flatten", {}), ("Dense", {"units": 7})))
        file.attrs["layer_names"] = []
        kernel = file.create_dataset("kernel", 20_000_000, "f8", chunks=1_000_000, compression="gzip")
        zeros = zlib.compress(bytes(8_000_000), 9)
        for first in range(0, 20_000_000, 1_000_000):
            kernel.id.write_direct_chunk((first,), zeros)
    with pytest.raises(InputError, match=r"m\.h5: refused: its weights would be too large for its 16,135 parameters"):
        open_model(tmp_path / "m.h5")


def test_arrays_that_are_claimed_and_not_there(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("hollow", (10**6, 10**4), "f4", chunks=(1000, 1000))
    with pytest.raises(InputError, match=r"m\.h5: refused: hollow would be too large"):
        open_model(tmp_path / "m.h5")


@pytest.mark.slow  # the model is made by Keras
@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_one_line(tiny_model, tmp_path, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(tiny_model.read_bytes())
    for place in rng.integers(0, len(data), 40):
        data[place] = rng.integers(0, 256)
    (tmp_path / "m.h5").write_bytes(data[: len(data) if seed % 2 else rng.integers(len(data))])
    with contextlib.suppress(InputError):
        open_model(tmp_path / "m.h5")


def keras_file(path, config, *weights):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config)
        for data in weights:
            archive.writestr("model.weights.h5", data)
    return path


def test_a_keras_file_is_a_zip_of_two_parts(tmp_path):
    (tmp_path / "m.keras").write_text("text")
    with pytest.raises(InputError, match=r"m\.keras: not a Keras model file, or a damaged one"):
        open_model(tmp_path / "m.keras")
    with pytest.raises(InputError, match=r"n\.keras: not a Keras model file, or a damaged one"):
        open_model(keras_file(tmp_path / "n.keras", "{}"))
    with pytest.raises(InputError, match=r"o\.keras: refused: what it holds would be too large"):
        open_model(keras_file(tmp_path / "o.keras", " " * (2**24 + 1), b""))


@pytest.mark.slow
def test_what_a_file_holds_itself_is_read(tiny_model):
    assert read_card(tiny_model)["protocol"] == "none: untrained"
