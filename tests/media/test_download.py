"""Files from servers of this machine, some of which mean no good."""

import base64
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from emotion.errors import InputError
from emotion.media import download as module
from emotion.media.download import download, is_inside


@contextmanager
def server(answer):
    """Its address; `answer(handler)` is what it does with each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with suppress(OSError):
                answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        found.daemon_threads = True
        threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def send(handler, status=200, body=b"", **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def test_a_file_is_fetched_also_where_it_was_moved_to():
    def answer(handler):
        if handler.path == "/old":
            send(handler, 302, Location="/new")
        else:
            send(handler, body=handler.path.encode())

    with server(answer) as address:
        assert download(f"http://{address}/old") == b"/new"


def test_a_password_goes_to_its_own_server_alone():
    seen = []
    with (
        server(lambda handler: (seen.append(handler.headers["Authorization"]), send(handler))) as second,
        server(
            lambda handler: (
                seen.append(handler.headers["Authorization"]), send(handler, 302, Location=f"http://{second}/"),
            )
        ) as first,
    ):  # fmt: skip
        download(f"http://me:s%40cret@{first}/")
    assert seen == ["Basic " + base64.b64encode(b"me:s@cret").decode(), None]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda handler: send(handler, 404), "the server answers 404 Not Found"),
        (lambda handler: send(handler, body=b"x" * 1001), "more than 0.001 MB"),
        (lambda handler: (send(handler), [time.sleep(0.05) or handler.wfile.write(b"x") for _ in range(60)]),
         "not there within 0.5 seconds"),
        (lambda handler: send(handler, 302, Location="file:///etc/passwd"), "sent on to what is no http address|not allowed"),
        (lambda handler: handler.wfile.write(b"nonsense"), "cannot be fetched"),
    ],
    ids=["not there", "too large", "a byte now and then", "to a file", "no HTTP"],
)  # fmt: skip
def test_what_is_not_fetched_is_one_line_without_the_password(answer, reason):
    with server(answer) as address, pytest.raises(InputError, match=reason) as caught:
        download(f"http://me:secret@{address}/a.jpg", 1000, 0.5)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nobody_outside_sends_us_inside(monkeypatch):
    """As if the first server were out in the world."""
    monkeypatch.setattr(module, "is_inside", lambda host: host == "localhost")
    reached = []
    with (
        server(lambda handler: (reached.append(1), send(handler, body=b"inside"))) as inside,
        server(
            lambda handler: send(handler, 302, Location=f"http://{inside.replace('127.0.0.1', 'localhost')}/")
        ) as outside,
        pytest.raises(InputError, match="sent on to localhost, an address of this machine or its network"),
    ):
        download(f"http://{outside}/")
    assert not reached


def test_within_ones_own_network_a_server_sends_us_on_to_another():
    with (
        server(lambda handler: send(handler, body=b"moved")) as second,
        server(
            lambda handler: send(handler, 302, Location=f"http://{second.replace('127.0.0.1', 'localhost')}/")
        ) as first,
    ):
        assert download(f"http://{first}/") == b"moved"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "0.0.0.0"]
)
def test_addresses_inside(host):
    assert is_inside(host)


def test_addresses_outside():
    assert not is_inside("8.8.8.8")
    assert not is_inside("2001:4860:4860::8888")


def test_an_address_with_a_slip_is_named():
    with pytest.raises(InputError, match=r"http://\[bad: cannot be fetched \(Invalid IPv6 URL\)"):
        download("http://[bad")


def test_other_schemes_are_refused():
    for url in ("ftp://example.org/a.jpg", "file:///etc/passwd", "rtsp://10.0.0.1/"):
        with pytest.raises(InputError, match="only http:// and https:// are read"):
            module.download(url)
