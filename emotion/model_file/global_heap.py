"""HDF5's global heap, where long strings such as a model's configuration lie, looked at before HDF5 reads it.

Of a free object of size 0 HDF5 (2.0) never comes to the end, and no signal ends that. Source: HDF5 File Format
Specification, III.E, Disk Format: Level 1E - Global Heap.
"""

import struct

MARK = b"GCOL\x01\0\0\0"  # signature, version, reserved
HEADER = 16  # bytes, of a collection and of an object
MOST = 100_000  # objects in all; a network's file has some hundreds


def is_endless(data: bytes) -> bool:
    """Whether a collection in the HDF5 file `data` has a free object that is smaller than its own header.

    True as well where there are more objects than could be looked at.
    """
    seen = 0
    start = data.find(MARK)
    while start >= 0:
        if start + HEADER <= len(data):
            (size,) = struct.unpack_from("<Q", data, start + len(MARK))
            end = min(start + size, len(data)) - HEADER
            place = start + HEADER
            while place <= end:
                seen += 1
                if seen > MOST:
                    return True
                index, _, _, length = struct.unpack_from("<HHIQ", data, place)
                if index == 0:  # what is left of the collection, its header included
                    if length < HEADER:
                        return True
                    break
                place += HEADER + (length + 7) // 8 * 8
        start = data.find(MARK, start + 1)
    return False
