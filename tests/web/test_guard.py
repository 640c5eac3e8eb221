"""Who may speak to the server, asked as a client asks that is no browser and says what it likes."""

import http.client

import pytest

from emotion.web.guard import Guard, is_loopback


def ask(server, path="/", method="GET", **headers):
    """Status, headers and text of the answer; `Host` and others as given, an underscore for each hyphen."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": f"127.0.0.1:{server.port}"} | headers).items():
        connection.putheader(name.replace("_", "-"), value.replace("PORT", str(server.port)))
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:PORT"}, 200),
        ({"Host": "localhost:9000"}, 200),  # ssh -L 9000:localhost:8000
        ({"Host": "[::1]:PORT"}, 200),
        ({"Host": "elsewhere.test:PORT"}, 403),  # DNS rebinding
        ({"Host": "127.0.0.1.elsewhere.test"}, 403),
        ({"Host": "localhost.elsewhere.test"}, 403),
        ({"Host": "192.168.1.20:PORT"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "a b"}, 403),
        ({"Host": "user@127.0.0.1:PORT"}, 200),
        ({"Host": "127.0.0.1@elsewhere.test"}, 403),
        ({"Origin": "http://127.0.0.1:PORT"}, 200),
        ({"Origin": "http://elsewhere.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9"}, 403),  # another server of this machine
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),  # another name than the one that was asked
    ],
)
def test_host_and_origin(server, headers, status):
    assert ask(server, **headers)[0] == status


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/missing"])
def test_no_answer_lets_the_page_load_or_send_anything_elsewhere(server, path):
    headers = ask(server, path)[1]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_no_address_stands_in_the_page_s_files(repository):
    files = list((repository / "emotion" / "web" / "page").iterdir())
    assert len(files) > 5
    for file in files:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "").replace("http://localhost", "")
        assert "http://" not in text, file
        assert "https://" not in text.replace("https:// only", ""), file


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py",
        "/page/%2e%2e/server.py",
        "/page/..%2fserver.py",
        "/page//etc/passwd",
        "/page/%00",
        "/server.py",
    ],
)
def test_nothing_but_the_page_s_files_is_served(server, path):
    status, _, text = ask(server, path)
    assert status in (400, 403, 404)
    assert "aiohttp" not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_what_sends_needs_an_origin(server, method):
    assert ask(server, "/photo", method)[0] == 403


def test_another_host_needs_the_token_which_a_cookie_keeps(serve):
    with serve(host="0.0.0.0") as server:
        token = server.guard.token
        assert ask(server)[0] == 403
        assert ask(server, "/?token=wrong")[0] == 403
        assert ask(server, f"/?token={token[:-1]}")[0] == 403
        assert ask(server, "/?token=%C3%A9")[0] == 403
        assert ask(server, "/page/main.js")[0] == 403
        assert (
            ask(server, "/stream", Connection="Upgrade", Upgrade="websocket", Origin="http://127.0.0.1:PORT")[0] == 403
        )
        status, headers, _ = ask(server, f"/?token={token}")
        cookie = headers["Set-Cookie"]
        assert status == 200
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert ask(server, "/page/main.js", Cookie=cookie.split(";")[0])[0] == 200
        assert ask(server, f"/?token={token}", Host="elsewhere.test")[0] == 403
        assert ask(server, f"/?token={token}", Host="192.168.1.20:8000")[0] == 200
        assert "Set-Cookie" not in ask(server, "/?token=wrong")[1]
    with serve(host="0.0.0.0") as server:
        assert ask(server, f"/?token={token}")[0] == 403, "each start has a token of its own"


def test_the_loopback_needs_none(server):
    assert server.guard.token is None
    assert server.addresses == [f"http://127.0.0.1:{server.port}/"]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.20", False), ("", False), ("mybox", False)],
)  # fmt: skip
def test_what_the_loopback_is(host, loopback):
    assert is_loopback(host) == loopback
    assert (Guard(host).token is None) == loopback


def test_addresses_of_all_interfaces_begin_with_this_machine_s_name(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "mybox")
    guard = Guard("0.0.0.0")
    assert guard.addresses(8000) == [f"http://{name}:8000/?token={guard.token}" for name in ("mybox", "127.0.0.1")]
    assert Guard("::1").addresses(8000) == ["http://[::1]:8000/"]
