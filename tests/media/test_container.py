import os
from pathlib import Path

import pytest

from emotion.media.container import local_files


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("a.mp4", ["a.mp4"]),
        ("file:///videos/my%20film.mp4", ["/videos/my film.mp4"]),
        ("FILE://localhost/a.mp4", ["/a.mp4"]),
        ("http://example.com/a.mp4", []),
        ("12:30.mp4", ["12:30.mp4"]),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths of other systems")
def test_which_file_of_this_machine_is_read(source, files):
    assert local_files(source) == [Path(file) for file in files]
