import os
from pathlib import Path

import pytest

from emotion.errors import InputError
from emotion.media.camera import Camera
from emotion.media.container import local_files, open_container


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


@pytest.mark.parametrize(
    "source", ["cache:file:///a.mp4", "subfile,,start,0,end,9,,:file:///a.mp4", "async:http://h/a.mp4"]
)
def test_an_address_within_an_address_is_refused(source):
    """Whose file it is, nobody would know, and `-o a.mp4` would take its place."""
    with pytest.raises(InputError, match=r"is not read; name a file, or http://"):
        open_container(source)
    with pytest.raises(InputError, match=r"is not read; name a file, or http://"):
        Camera(source)
