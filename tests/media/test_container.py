import pytest

from emotion.errors import InputError
from emotion.media.camera import Camera
from emotion.media.container import open_container


@pytest.mark.parametrize(
    "source", ["cache:file:///a.mp4", "subfile,,start,0,end,9,,:file:///a.mp4", "async:http://h/a.mp4"]
)
def test_an_address_within_an_address_is_refused(source):
    """Whose file it is, nobody would know, and `-o a.mp4` would take its place."""
    with pytest.raises(InputError, match=r"is not read; name a file, or http://"):
        open_container(source)
    with pytest.raises(InputError, match=r"is not read; name a file, or http://"):
        Camera(source)
