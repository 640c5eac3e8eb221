"""HDF5's global heap, where long strings such as a model's configuration lie, looked at before HDF5 reads it.

Of a free object of size 0 HDF5 (2.0) never comes to the end, and no signal ends that. Source: HDF5 File Format
Specification, III.E, Disk Format: Level 1E - Global Heap.
"""

import struct
from collections.abc import Iterator

MARK = b"GCOL\x01\0\0\0"  # signature, version, reserved
HEADER = 16  # bytes, of a collection and of an object
MOST = 100_000  # objects in all; a network's file has some hundreds


def is_endless(data: bytes) -> bool:
    """Whether a collection in the HDF5 file `data` has a free object that is smaller than its own header.

    True as well where there are more objects than could be looked at.
    """
    found = enumerate(objects(data), start=1)
    return any(seen > MOST or (index == 0 and length < HEADER) for seen, (index, length) in found)


def objects(data: bytes) -> Iterator[tuple[int, int]]:
    """(index, length in bytes) of the objects of all collections in `data`; of index 0 is what a collection has left."""
    start = data.find(MARK)
    while 0 <= start <= len(data) - HEADER:
        (size,) = struct.unpack_from("<Q", data, start + len(MARK))
        place, last = start + HEADER, min(start + size, len(data)) - HEADER
        while place <= last:
            index, _, _, length = struct.unpack_from("<HHIQ", data, place)
            yield index, length
            if index == 0:
                break
            place += HEADER + (length + 7) // 8 * 8
        start = data.find(MARK, start + 1)
