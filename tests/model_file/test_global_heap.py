import struct

import h5py
import pytest

from emotion.errors import InputError
from emotion.model_file.global_heap import MARK, is_endless
from emotion.model_file.stored import open_model


def heap(*objects, size=4096):
    """A collection of objects (index, length)."""
    body = b"".join(
        struct.pack("<HHIQ", index, 0, 0, length) + bytes((length + 7) // 8 * 8) for index, length in objects
    )
    return MARK + struct.pack("<Q", size) + body


@pytest.mark.parametrize(
    ("data", "endless"),
    [
        (heap((1, 5), (2, 16), (0, 4000)), False),
        (heap((1, 5), (0, 0)), True),
        (heap((0, 15)), True),
        (heap((1, 5), size=40), False),
        (heap(size=1 << 63) + struct.pack("<HHIQ", 1, 0, 0, 1 << 62), False),
        (heap((0, 64)) + b"12345678" + heap((0, 0)), True),
        (MARK, False),
        (b"", False),
    ],
    ids=["whole", "free of size 0", "less than its header", "full", "cut short", "the second", "a mark", "nothing"],
)
def test_a_heap_without_an_end_is_seen(data, endless):
    assert is_endless(data) == endless


def test_of_very_many_objects_the_search_ends():
    assert is_endless(heap(*[(1, 0)] * 100_001, size=1 << 40))


def test_a_model_that_hdf5_would_read_for_ever_is_refused(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = "{}"
    data = bytearray((tmp_path / "m.h5").read_bytes())
    assert not is_endless(bytes(data))
    place = data.index(MARK) + 16
    while (index := struct.unpack_from("<H", data, place)[0]) != 0:
        place += 16 + (struct.unpack_from("<Q", data, place + 8)[0] + 7) // 8 * 8
    assert index == 0
    data[place + 8 : place + 16] = bytes(8)
    (tmp_path / "m.h5").write_bytes(data)
    with pytest.raises(InputError, match=r"m\.h5: not an HDF5 model file, or a damaged one"):
        open_model(tmp_path / "m.h5")
