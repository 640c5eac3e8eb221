import h5py
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.model_file.safety import checked_config, open_h5, read_card


@pytest.mark.parametrize("text", ["{", "3", "[]", '{"class_name": ["a"]}', '{"class_name": "Model"}', "[" * 5000])
def test_a_damaged_configuration_is_one_line(tmp_path, text):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = text
    with pytest.raises(InputError, match=r"m\.h5: its configuration is damaged"):
        checked_config(tmp_path / "m.h5")


@pytest.mark.parametrize("text", ["{", "3", ""], ids=["cut", "a number", "empty"])
def test_a_damaged_architecture_beside_its_weights_is_one_line(tmp_path, text):
    h5py.File(tmp_path / "m.h5", "w").close()
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=r"m\.h5: its configuration is damaged"):
        checked_config(tmp_path / "m.h5")


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
    h5py.File(tmp_path / "m.keras", "w").close()
    with pytest.raises(InputError, match=r"m\.keras: not a \.h5"):
        read_card(tmp_path / "m.keras")


def test_what_a_file_holds_itself_is_read(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["card"] = '{"labels": ["joie"]}'
        file["layer/weights"] = np.arange(4)
    assert read_card(tmp_path / "m.h5") == {"labels": ["joie"]}
