import h5py
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier, load_classifier, to_network_input
from emotion.labels import SEVEN_EMOTIONS
from emotion.model_file.h5 import load_model, save_model

pytestmark = pytest.mark.slow

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)


class Fixed:
    face_shape = (48, 48, 1)

    def __init__(self, *probabilities):
        self.row = np.array(probabilities, np.float32)

    def predict(self, faces):
        return np.tile(self.row, (len(faces), 1))


@pytest.fixture
def model(tiny_model):
    return tiny_model


@pytest.fixture(scope="module")
def foreign(tiny_model, tmp_path_factory):
    """The same network as other people save it: without a card, and without a layer that scales its pixels."""
    import keras

    path = tmp_path_factory.mktemp("foreign") / "foreign.h5"
    scaled, *rest = load_model(tiny_model).layers
    assert isinstance(scaled, keras.layers.Rescaling)
    save_model(keras.Sequential([keras.Input((48, 48, 1)), *rest]), path, {})
    path.with_suffix(".json").unlink()
    with h5py.File(path, "r+") as file:
        del file.attrs["card"]
    return path


@pytest.mark.parametrize("count", [0, 1, 3])
def test_probabilities_of_any_number_of_faces(model, count):
    probabilities = load_classifier([model]).classify(FACES[:count])
    assert probabilities.shape == (count, 7)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_labels_are_those_of_the_card(model):
    assert load_classifier([model]).labels == SEVEN_EMOTIONS


def test_labels_name_the_outputs_of_a_model_without_a_card_alone(model, foreign):
    assert load_classifier([foreign], labels=tuple("abcdefg")).labels == tuple("abcdefg")
    assert load_classifier([model, foreign], labels=SEVEN_EMOTIONS).labels == SEVEN_EMOTIONS
    with pytest.raises(InputError, match=r"foreign\.h5: its labels \(a,b,c,d,e,f,g\) are not those of .*tiny\.h5"):
        load_classifier([model, foreign], labels=tuple("abcdefg"))


def test_faces_are_scaled_for_a_model_that_cannot_say_how_it_wants_them(foreign, notes):
    found = load_classifier([foreign], labels=SEVEN_EMOTIONS).classify(FACES)
    expected = load_model(foreign).predict(FACES[..., None] / 255, verbose=0)
    assert np.allclose(found, expected, atol=1e-4)
    assert notes[-1].startswith(f"{foreign}: without a card; its faces are grey 48x48, pixels scaled to 0-1 (a guess")


def test_labels_that_the_model_does_not_need(model, notes):
    assert load_classifier([model], labels=tuple("abcdefg")).labels == SEVEN_EMOTIONS
    assert notes == [f"{model}: says itself what its outputs mean; --labels is not for it"]


def test_labels_that_are_missing_or_too_few(foreign):
    with pytest.raises(InputError, match=r"foreign\.h5: does not say what its 7 outputs mean"):
        load_classifier([foreign])
    with pytest.raises(InputError, match=r"--labels: 2 names for the 7 outputs of .*foreign\.h5"):
        load_classifier([foreign], labels=("a", "b"))


def test_of_several_models_the_mean():
    classifier = EmotionClassifier([Fixed(1, 0), Fixed(0.5, 0.5)], ("a", "b"))
    probabilities = classifier.classify(FACES)
    assert probabilities.tolist() == [[0.75, 0.25]] * 3
    assert probabilities.dtype == np.float32


class Bright(Fixed):
    """The brightness of the left edge, of 255, and of the rest."""

    def predict(self, faces):
        left = faces[:, :, 0, 0].mean(axis=1) / 255
        return np.stack([left, 1 - left], axis=1)


def test_a_mirror_image_has_half_a_say():
    face = np.zeros((1, 48, 48), np.uint8)
    face[:, :, 0] = 204
    assert EmotionClassifier([Bright()], ("a", "b")).classify(face)[0] == pytest.approx([0.8, 0.2])
    mirrored = EmotionClassifier([Bright(), Fixed(1, 0)], ("a", "b"), mirror=True)
    assert mirrored.classify(face)[0] == pytest.approx([0.7, 0.3])
    assert mirrored.classify(face[:, :, ::-1])[0] == pytest.approx([0.7, 0.3])
    assert mirrored.classify(face[:0]).shape == (0, 2)


def test_a_mirror_image_of_another_size(monkeypatch):
    monkeypatch.setattr(Bright, "face_shape", (64, 64, 3))
    face = np.zeros((1, 48, 48), np.uint8)
    face[:, :, 24:] = 255
    assert EmotionClassifier([Bright()], ("a", "b"), mirror=True).classify(face)[0] == pytest.approx([0.5, 0.5])


def test_outputs_in_another_order():
    classifier = EmotionClassifier([Fixed(0.1, 0.2, 0.7)], ("Happy", "sad", "angry"), mirror=True)
    ordered = classifier.in_order(("happiness", "anger", "sadness"))
    assert ordered.labels == ("happiness", "anger", "sadness")
    assert ordered.classify(FACES[:1])[0] == pytest.approx([0.1, 0.7, 0.2])
    assert ordered.in_order(("sad", "happy", "angry")).classify(FACES[:1])[0] == pytest.approx([0.2, 0.1, 0.7])
    assert ordered.mirror


def test_models_of_the_same_labels_in_another_order_have_a_mean(monkeypatch):
    models = {"a.h5": (Fixed(1, 0), ("sad", "happy")), "b.h5": (Fixed(0.4, 0.6), ("happiness", "sadness"))}
    monkeypatch.setattr("emotion.faces.classifier.load_one", lambda path, *_: models[path.name])
    classifier = load_classifier(["a.h5", "b.h5"])
    assert classifier.labels == ("sad", "happy")
    assert classifier.classify(FACES[:1])[0] == pytest.approx([0.8, 0.2])


def test_many_faces_are_taken_up_some_at_a_time():
    taken = []

    class Counting(Fixed):
        def predict(self, faces):
            taken.append(len(faces))
            return super().predict(faces)

    faces = np.zeros((150, 48, 48), np.uint8)
    assert EmotionClassifier([Counting(1, 0)], ("a", "b")).classify(faces).shape == (150, 2)
    assert taken == [64, 64, 22]


def test_the_records_name_the_models(model):
    assert load_classifier([model, model]).about == {"files": ["tiny.h5", "tiny.h5"]}
    assert load_classifier([model], mirror=True).about == {"files": ["tiny.h5"], "mirror": True}


def test_faces_are_fitted_to_a_foreign_input():
    fitted = to_network_input(FACES, (64, 32, 3))
    assert fitted.shape == (3, 64, 32, 3)
    assert fitted.dtype == np.float32
    assert (fitted[..., 0] == fitted[..., 2]).all()
    assert fitted.mean() == pytest.approx(FACES.mean(), rel=0.05)


def test_own_faces_are_not_touched():
    assert np.array_equal(to_network_input(FACES, (48, 48, 1))[..., 0], FACES)


def test_without_a_gpu_it_says_so(model):
    import keras

    if any(name.startswith(("gpu", "cuda")) for name in keras.distribution.list_devices()):
        assert load_classifier([model], "gpu").classify(FACES).shape == (3, 7)
    else:
        with pytest.raises(InputError, match="--device gpu: Keras finds no CUDA GPU"):
            load_classifier([model], "gpu")


def test_keras_and_the_light_runtime_are_interchangeable(model, monkeypatch):
    """What --device gpu runs, on whatever Keras has here."""
    import keras

    from emotion.model_file.keras_model import KerasModel

    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0"])
    by_keras = EmotionClassifier([KerasModel(model)], SEVEN_EMOTIONS)
    by_light = load_classifier([model])
    for count in (1, 3):
        assert np.abs(by_keras.classify(FACES[:count]) - by_light.classify(FACES[:count])).max() < 1e-4
