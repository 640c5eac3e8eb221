"""What a batch is given: the photos and films of folders, globs and addresses, in order."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emotion.cli.photo_paths import plan_photos
from emotion.cluster.sources import find_sources, is_video, local_video, read_source
from emotion.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.jpg",
        "a.png",
        "film.mp4",
        "notes.txt",
        ".hidden.jpg",
        "sub/c.JPG",
        "run/copies/x.jpg",
        ".git/d.jpg",
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["in"], ["in/a.png", "in/b.jpg", "in/film.mp4", "in/sub/c.JPG"]),
        (["in/sub", "in/b.jpg"], ["in/sub/c.JPG", "in/b.jpg"]),
        (["in/*.*g"], ["in/a.png", "in/b.jpg"]),
        (["in/**/*.JPG"], ["in/sub/c.JPG"]),
        (["nowhere.jpg", "in/notes.txt"], ["nowhere.jpg", "in/notes.txt"]),
        (["https://example.org/a.jpg"], ["https://example.org/a.jpg"]),
    ],
    ids=["a folder", "a folder and a file", "a glob", "a deep glob", "what is named is tried", "an address"],
)
def test_files_folders_globs_and_addresses(arguments, found, folder):
    assert list(find_sources(arguments, skip=folder / "in" / "run")) == found


def test_what_a_glob_finds_in_the_run_s_own_folder_is_left_out(folder):
    """Or a second start, which finds the copies of the first, would be another run."""
    for pattern in "in/**/*.*", "in/**", "in/*":
        found = sorted(find_sources([pattern], skip=folder / "in" / "run"))
        assert found == ["in/a.png", "in/b.jpg", "in/film.mp4", "in/notes.txt", "in/sub/c.JPG"]


def test_photos_come_in_the_order_of_img_predict(folder):
    (folder / "in" / "film.mp4").unlink()
    for copy in "b-annotated.jpg", "b-annotated-2.png", "e-annotated.jpg":  # of the last there is no original
        (folder / "in" / copy).touch()
    tasks = plan_photos(["in"], folder / "in" / "run")
    found = list(find_sources(["in"], skip=folder / "in" / "run"))
    assert found == [str(task.photo) for task in tasks]
    assert found == ["in/a.png", "in/b.jpg", "in/e-annotated.jpg", "in/sub/c.JPG"]


@pytest.mark.parametrize(
    ("name", "yes"),
    [
        ("a.MP4", True),
        ("a.ogv", True),
        ("s3://b/c.mov", True),
        ("https://h/a.mp4?token=1", True),
        ("a.jpg", False),
        ("mp4", False),
        ("http://[typo.mp4", True),
    ],
)
def test_a_film_is_known_by_its_suffix(name, yes):
    assert is_video(name) is yes


def test_an_address_with_a_slip_is_one_line():
    with pytest.raises(InputError, match=r"http://\[typo: cannot be fetched"):
        read_source("http://[typo")


def test_an_unknown_store_is_one_line():
    with pytest.raises(InputError, match=r"gopher://a/b\.jpg: "):
        read_source("gopher://a/b.jpg")


@pytest.fixture
def web(tmp_path) -> Iterator[str]:
    """The address of a server on the loopback that hands out the files of `tmp_path`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_photos_and_films_of_the_web(web, sample, tmp_path):
    pytest.importorskip("fsspec")
    (tmp_path / "a.jpg").write_bytes(sample.read_bytes())
    assert read_source(f"{web}/a.jpg?size=full").shape == (512, 512, 3)
    with local_video(f"{web}/a.jpg?size=full") as copy:
        assert copy.read_bytes() == sample.read_bytes()
    with pytest.raises(InputError, match=r"none\.jpg: the server answers 404"):
        read_source(f"{web}/none.jpg")
    with pytest.raises(InputError, match=r"film\.mp4: cannot be fetched"), local_video(f"{web}/film.mp4"):
        pass


def test_a_film_that_is_being_fetched_shows_signs_of_life(web, tmp_path):
    """Or a large one would be given up before its first frame."""
    pytest.importorskip("fsspec")
    size = 20_000_000  # what one piece does not hold: fsspec's are 5 MB
    (tmp_path / "film.mp4").write_bytes(bytes(size))
    pieces = []
    with local_video(f"{web}/film.mp4", lambda: pieces.append("a piece")) as copy:
        assert copy.stat().st_size == size
    assert len(pieces) > 3


@pytest.mark.slow
def test_photos_in_an_object_store(sample, monkeypatch):
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    import fsspec

    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        store = fsspec.filesystem("s3")
        store.mkdir("photos")
        store.pipe("photos/2024/astronaut.jpg", sample.read_bytes())
        store.pipe("photos/2024/notes.txt", b"no picture")
        (found,) = find_sources(["s3://photos/2024"], skip=Path("none"))
        assert found == "s3://photos/2024/astronaut.jpg"
        assert read_source(found).shape == (512, 512, 3)
        assert list(find_sources(["s3://photos/2024/*.jpg"], skip=Path("none"))) == [found]
        with pytest.raises(InputError, match=r"s3://photos/none\.jpg: cannot be fetched"):
            read_source("s3://photos/none.jpg")
        with pytest.raises(InputError, match="too large for a picture"):
            read_source(found, max_pixels=100)
    finally:
        server.stop()
