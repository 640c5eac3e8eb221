"""What a user's own code finds behind `import emotion`."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import cv2
import numpy as np
import pytest

import emotion
from emotion.faces.classifier import load_classifier
from emotion.faces.detection import Detection
from emotion.faces.recognizer import crop_faces
from emotion.geometry import Box
from emotion.shipped import MODEL

HEAVY = ("tensorflow", "keras", "jax", "pandas", "matplotlib", "h5py", "sklearn", "scipy")


def test_everything_that_is_promised_is_there():
    assert {"Recognizer", "Recognition", "Box", "annotate", "read_photo", "InputError"} <= set(emotion.__all__)
    assert all(hasattr(emotion, name) for name in emotion.__all__)
    assert list(emotion.MODULES) == emotion.__all__
    assert not hasattr(emotion, "recognise")
    assert re.fullmatch(r"\d+\.\d+\.\d+", emotion.__version__)


def test_an_installed_copy_has_the_same_version():
    try:
        assert version("facial-emotion-recognition") == emotion.__version__
    except PackageNotFoundError:
        pytest.skip("not installed; run from the checkout")


def test_what_a_script_asks_for_first_is_there_at_once(repository):
    code = "import sys, emotion.cli.interrupt; print({'numpy', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.slow
def test_a_photo_needs_no_framework(sample):
    code = (
        "import sys, emotion\n"
        f"faces = emotion.Recognizer.for_photos().recognize(emotion.read_photo({str(sample)!r}))\n"
        "assert faces[0].emotion == 'happiness', faces\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=MODEL.parent.parent)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.slow
def test_the_python_of_the_readme_runs(repository, tmp_path, sample):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert '"me.jpg"' in block
    (tmp_path / "me.jpg").write_bytes(sample.read_bytes())
    path = f"import sys; sys.path.insert(0, {str(repository)!r})\n"
    done = subprocess.run([sys.executable, "-c", path + block], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert "happiness" in done.stdout
    assert [file.name for file in tmp_path.iterdir() if file.name != "me.jpg"] == ["annotated.jpg"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("me.jpg", "not str; read_photo reads a file"),
        (np.zeros((90, 90), np.uint8), r"not uint8 \(90, 90\)"),
        (np.zeros((90, 90, 4), np.uint8), r"not uint8 \(90, 90, 4\)"),
        (np.zeros((90, 90, 3), np.float32), r"not float32 \(90, 90, 3\)"),
        (np.zeros((0, 90, 3), np.uint8), r"not uint8 \(0, 90, 3\)"),
    ],
    ids=["a path", "grey", "RGBA", "floats", "empty"],
)
def test_what_is_no_picture_is_refused_with_what_is_expected(given, said):
    with pytest.raises(emotion.InputError, match=said):
        emotion.Recognizer.for_photos().recognize(given)
    with pytest.raises(emotion.InputError, match=said):
        emotion.annotate(given, [])


@pytest.mark.parametrize("given", [np.zeros((9, 9, 3)), np.zeros((9, 9)), np.zeros((0, 9), np.uint8), "hello"])
def test_what_is_no_picture_is_not_written(given, tmp_path):
    with pytest.raises(emotion.InputError, match="expected a picture, BGR uint8"):
        emotion.write_photo(tmp_path / "a.png", given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        ("for_photos", {"device": "tpu"}, "device='tpu': expected one of auto, cpu, gpu"),
        ("for_photos", {"scaling": "0-2"}, "scaling='0-2': expected one of 0-1, "),
        ("for_photos", {"labels": "happy,sad"}, "labels='happy,sad': expected a list of names"),
        ("for_photos", {"model": []}, r"model=\[\]: name a file"),
        ("for_photos", {"min_face": 0}, "min_face=0: expected at least 1"),
        ("for_video", {"min_score": 7}, "min_score=7: expected 0 to 1"),
        ("for_video", {"smooth": -1}, "smooth=-1: a half-life is 0"),
        ("for_video", {"detect_every": 0}, "detect_every=0: every frame is 1"),
    ],
)
def test_an_option_that_will_not_do_is_refused_as_by_the_scripts(make, options, said):
    with pytest.raises(emotion.InputError, match=said):
        getattr(emotion.Recognizer, make)(**options)


def test_paths_are_taken_as_text_and_as_paths(sample):
    as_text, as_path = emotion.read_photo(str(sample)), emotion.read_photo(sample)
    assert np.array_equal(as_text, as_path)
    assert emotion.Recognizer.for_photos(str(MODEL)).labels == emotion.Recognizer.for_photos([MODEL]).labels


def test_annotate_leaves_the_picture_as_it_was(face_photo):
    before = face_photo.copy()
    face = emotion.Recognition(Box(177, 66, 95, 95), ("calm", "joy"), np.array([0.3, 0.7], np.float32))
    annotated = emotion.annotate(face_photo, [face])
    assert np.array_equal(face_photo, before)
    assert not np.array_equal(annotated, before)


# The shipped network's answer to the sample's face, as computed when it was first shipped.
GOLDEN = (
    0.0017874930053949356, 0.9974439144134521, 0.0002175075642298907, 0.00016048515681177378,
    0.00013464597577694803, 0.00011947029997827485, 0.0001364132040180266,
)  # fmt: skip


def test_the_shipped_network_answers_as_it_always_did(face_photo):
    gray = cv2.cvtColor(face_photo, cv2.COLOR_BGR2GRAY)
    (probabilities,) = load_classifier([MODEL]).classify(crop_faces(gray, [Detection(Box(177, 66, 95, 95))]))
    np.testing.assert_allclose(probabilities, GOLDEN, atol=1e-6)
