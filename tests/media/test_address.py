import os
from pathlib import Path

import pytest

from emotion.errors import InputError
from emotion.media.address import check_scheme, hide_password, local_files


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
    ("source", "name"),
    [
        ("0", "0"),
        ("a@b/c.mp4", "a@b/c.mp4"),
        ("rtsp://192.168.1.20/live", "rtsp://192.168.1.20/live"),
        ("rtsp://me:geh%40im@192.168.1.20:554/live?x=1", "rtsp://***@192.168.1.20:554/live?x=1"),
        ("rtsp://me:ge@heim@192.168.1.20/live", "rtsp://***@192.168.1.20/live"),
        ("http://cam/video.cgi?user=me&pwd=geheim&x=1", "http://cam/video.cgi?user=me&pwd=***&x=1"),
        ("http://cam/?userPassword=geheim#x", "http://cam/?userPassword=***#x"),
        ("http://cam/a?b=me@here", "http://cam/a?b=me@here"),
    ],
)
def test_a_password_is_not_told(source, name):
    assert hide_password(source) == name


def test_a_password_is_not_told_of_an_address_that_is_refused():
    with pytest.raises(InputError, match=r"^gopher://\*\*\*@cam/a: gopher:// is not read"):
        check_scheme("gopher://me:geheim@cam/a")
