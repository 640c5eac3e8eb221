"""The networks on a borrowed backbone: their size, where their weights come from, and what stays frozen."""

from functools import partial
from urllib.error import URLError

import h5py
import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from emotion.errors import InputError
from emotion.networks import transfer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    return transfer.resnet50(backbone_weights="none")


@pytest.fixture(scope="module")
def mobilenet() -> keras.Model:
    return transfer.mobilenet_v2(backbone_weights="none")


def test_parameters(resnet, mobilenet):
    assert 2.5e6 < mobilenet.count_params() < 2.95e6
    head = (2048 + 1) * 1024 + (1024 + 1) * 7
    assert resnet.count_params() - head == 23_587_712


def test_without_weights_all_of_it_is_trained(resnet):
    assert all(layer.trainable for layer in resnet.layers)


@pytest.mark.parametrize("network", ["resnet", "mobilenet"])
def test_a_raw_face_gives_probabilities(network, request):
    model = request.getfixturevalue(network)
    face = np.random.default_rng(0).integers(0, 256, (1, 48, 48, 1), np.uint8)
    probabilities = keras.ops.convert_to_numpy(model(face, training=False))
    assert probabilities.shape == (1, 7)
    np.testing.assert_allclose(probabilities.sum(), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "scale", "offsets"),
    [("mobilenet", 1 / 127.5, -1), ("resnet", 1, [-103.939, -116.779, -123.68])],
    ids=["from -1 to 1", "less ImageNet's mean, blue first"],
)
def test_pixels_are_scaled_as_their_teachers_scaled_them(network, scale, offsets, request):
    (scaled,) = (
        layer for layer in request.getfixturevalue(network).layers if isinstance(layer, keras.layers.Rescaling)
    )
    assert scaled.scale == pytest.approx(scale)
    assert scaled.offset == pytest.approx(offsets)


@pytest.fixture(scope="module")
def published() -> keras.Model:
    """MobileNetV2 as Keras publishes it, other weights in it."""
    keras.utils.set_random_seed(1)
    return keras.applications.MobileNetV2(input_shape=(128, 128, 3), include_top=False, weights=None)


def test_of_imagenets_network_all_weights_arrive(monkeypatch, published, capsys):
    make = keras.applications.MobileNetV2

    def downloaded(weights, **shape):
        if weights is None:
            return make(weights=None, **shape)
        print("downloading")
        assert (weights, shape["input_shape"], shape["include_top"]) == ("imagenet", (128, 128, 3), False)
        return published

    monkeypatch.setattr(keras.applications, "MobileNetV2", downloaded)
    model = transfer.mobilenet_v2()
    for layer in published.layers[1:]:
        for ours, theirs in zip(model.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert capsys.readouterr() == ("", "downloading\n")


def test_mobilenet_takes_the_weights_of_a_file_as_keras_writes_it(tmp_path, published):
    published.save_weights(tmp_path / "backbone.weights.h5")
    model = transfer.mobilenet_v2(backbone_weights=str(tmp_path / "backbone.weights.h5"))
    for name in ("Conv1", "Conv_1"):
        np.testing.assert_array_equal(
            model.get_layer(name).get_weights()[0], published.get_layer(name).get_weights()[0]
        )


@pytest.fixture(scope="module")
def vggface_file(tmp_path_factory):
    """A file laid out like keras-vggface's RESNET50 without its top: its layer names, no biases."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("vggface") / "vggface.h5"
    with h5py.File(path, "w") as file:
        store(file, "conv1/7x7_s2", (7, 7, 3, 64), rng)
        side = 64
        for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3)):
            narrow, wide = 2 ** (stage + 4), 2 ** (stage + 6)
            for block in range(1, blocks + 1):
                name = f"conv{stage}_{block}"
                store(file, f"{name}_1x1_reduce", (1, 1, side, narrow), rng)
                store(file, f"{name}_3x3", (3, 3, narrow, narrow), rng)
                store(file, f"{name}_1x1_increase", (1, 1, narrow, wide), rng)
                if block == 1:
                    store(file, f"{name}_1x1_proj", (1, 1, side, wide), rng)
                side = wide
    return path


def store(file, name: str, shape, rng) -> None:
    kernel = file.create_group(name)
    kernel[f"{name}/kernel:0"] = rng.standard_normal(shape).astype(np.float32)
    kernel.attrs["weight_names"] = [f"{name}/kernel:0"]
    norm = file.create_group(f"{name}/bn")
    names = [f"{name}/bn/{part}:0" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
    for part in names:
        norm[part] = rng.uniform(0.5, 1.5, shape[-1]).astype(np.float32)
    norm.attrs["weight_names"] = names


def test_resnet_takes_vggface_and_keeps_its_first_stages(vggface_file):
    model = transfer.resnet50(backbone_weights=str(vggface_file))
    with h5py.File(vggface_file) as file:
        kernel = file["conv4_2_1x1_reduce/conv4_2_1x1_reduce/kernel:0"][()]
        variance = file["conv3_1_1x1_proj/bn/conv3_1_1x1_proj/bn/moving_variance:0"][()]
    np.testing.assert_array_equal(model.get_layer("conv4_block2_1_conv").get_weights()[0], kernel)
    assert not model.get_layer("conv4_block2_1_conv").get_weights()[1].any()
    norm = model.get_layer("conv3_block1_0_bn")
    np.testing.assert_allclose(norm.get_weights()[3] + norm.epsilon, variance + 1e-3, rtol=1e-6)

    trained = {layer.name.split("_")[0] for layer in model.layers if layer.trainable_weights}
    assert trained == {"conv4", "conv5", "head", "logits"}
    # The faces it learnt on were centred on another mean than ImageNet's.
    offsets = next(layer.offset for layer in model.layers if isinstance(layer, keras.layers.Rescaling))
    np.testing.assert_allclose(offsets, [-91.4953, -103.8827, -131.0912])


def load(backbone: keras.Model, weights) -> None:
    transfer.load_backbone(backbone, keras.applications.MobileNetV2, str(weights))


def test_an_absent_file_is_named(mobilenet, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.h5: no such file"):
        load(mobilenet, tmp_path / "nowhere.h5")


@pytest.mark.parametrize("content", [b"", b"no weights at all"])
def test_a_file_without_weights_is_refused_in_one_line(mobilenet, tmp_path, content):
    path = tmp_path / "odd.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no weights of a MobileNetV2") as caught:
        load(mobilenet, path)
    assert "\n" not in str(caught.value)
    assert "--backbone-weights none" in str(caught.value)


def test_weights_of_another_network_are_refused(mobilenet, vggface_file):
    with pytest.raises(InputError, match="no weights of a MobileNetV2"):
        load(mobilenet, vggface_file)


def test_no_download_says_the_way_out(mobilenet, monkeypatch, tmp_path, capsys):
    def unreachable(*_):
        raise URLError("no route to host")

    monkeypatch.setattr(file_utils, "urlretrieve", unreachable)
    monkeypatch.setattr(file_utils, "get_file", partial(file_utils.get_file, cache_dir=tmp_path))  # not what lies here
    with pytest.raises(InputError, match=r"no route to host.*--backbone-weights FILE.*--backbone-weights none"):
        load(mobilenet, "imagenet")
    assert capsys.readouterr().out == ""
