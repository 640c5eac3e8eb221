"""The WebSocket as a visitor sees it who is no page of ours: what is asked too much ends with a close code."""

import asyncio
import csv
import gzip
import io
import json
import os
import socket
import time
from contextlib import suppress

import aiohttp
import cv2
import numpy as np
import pytest
from made_videos import MjpegServer

from emotion import InputError
from emotion.media.camera import Camera
from emotion.web import connection, photos, sessions
from emotion.web import server as server_module
from emotion.web.messages import MAX_MESSAGE
from emotion.web.session import Outputs


@pytest.fixture(scope="module")
def face_jpeg(sample):
    """A picture of 256x256 with a face."""
    return cv2.imencode(".jpg", cv2.resize(cv2.imread(str(sample)), (256, 256)))[1].tobytes()


def packed(jpeg, number=1):
    return number.to_bytes(4, "big") + bytes(4) + jpeg


def visit(server, talk, hello='{"type": "hello", "session": null}'):
    """Run `talk(socket)`, a coroutine, with a connection that has greeted, if `hello` is not None."""

    async def run():
        origin = {"Origin": f"http://127.0.0.1:{server.port}"}
        address = f"ws://127.0.0.1:{server.port}/stream"
        async with aiohttp.ClientSession() as client, client.ws_connect(address, headers=origin) as ws:
            if hello is not None:
                await ws.send_str(hello)
            return await talk(ws)

    return asyncio.run(run())


async def close_code(ws):
    """The code that the server closes with, whatever it says before."""
    async with asyncio.timeout(20):
        while not ws.closed:
            await ws.receive()
    return ws.close_code


def wait_for(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


async def next_of(ws, kind):
    """The next message of that type."""
    async with asyncio.timeout(20):
        while (message := await ws.receive_json())["type"] != kind:
            pass
    return message


def test_a_visitor_is_welcomed_and_answered(server, face_jpeg):
    async def talk(ws):
        welcome = await next_of(ws, "welcome")
        await ws.send_bytes(packed(face_jpeg, 41))
        return welcome, await next_of(ws, "faces")

    welcome, faces = visit(server, talk)
    assert welcome["labels"][:2] == ["neutral", "happiness"]
    assert welcome["colours"][1] == "#ffc83c"
    assert (welcome["recorded"], welcome["source"], welcome["under_way"]) == ([], None, 2)
    (face,) = faces.pop("faces")
    assert faces == {"type": "faces", "number": 41, "time_s": 0, "width": 256, "height": 256, "problem": None}
    assert (face["id"], face["label"]) == (1, "happiness")
    assert np.allclose(face["box"], (86, 30, 53, 53), atol=8)


@pytest.mark.parametrize(
    ("send", "code"),
    [
        (lambda ws, jpeg: ws.send_bytes(b"junk"), 1003),
        (lambda ws, jpeg: ws.send_bytes(os.urandom(100_000)), 1003),
        (lambda ws, jpeg: ws.send_bytes(packed(jpeg[:30])), 1003),
        (lambda ws, jpeg: ws.send_bytes(bytes(MAX_MESSAGE + 1)), 1009),
        (lambda ws, jpeg: ws.send_str("junk"), 1003),
        (lambda ws, jpeg: ws.send_str("[" * 100_000), 1003),
        (lambda ws, jpeg: ws.send_str(" " * (MAX_MESSAGE + 1)), 1009),
        (lambda ws, jpeg: flood(ws.send_bytes, packed(jpeg)), 1008),
        (lambda ws, jpeg: flood(ws.send_str, "{}"), 1008),
        (lambda ws, jpeg: flood(ws.ping, b"x"), 1008),
    ],
    ids=["junk", "much junk", "half a picture", "too large", "no message", "deep", "long text", "too many pictures",
         "too many messages", "too many pings"],
)  # fmt: skip
def test_what_is_asked_too_much_ends_with_a_close_code(server, face_jpeg, send, code, monkeypatch):
    monkeypatch.setattr(connection, "MAX_FPS", 5)

    async def talk(ws):
        await send(ws, face_jpeg)
        return await close_code(ws)

    assert visit(server, talk) == code
    assert visit(server, lambda ws: next_of(ws, "welcome")), "the next visitor is served"


def test_a_message_that_does_not_end_costs_a_bounded_amount(server):
    async def talk(ws):
        transport = ws._response.connection.transport
        transport.write(b"\x82\xff" + (2**62).to_bytes(8, "big") + bytes(4))  # so long, it says
        return await close_code(ws)

    assert visit(server, talk) in (1009, 1006)
    assert visit(server, lambda ws: next_of(ws, "welcome"))


async def flood(send, data):
    try:
        for _ in range(60):
            await send(data)
    except (ConnectionError, aiohttp.ClientError):
        pass  # closed meanwhile


@pytest.mark.parametrize(
    ("hello", "code"),
    [('{"session": 7}', None), ('{"session": "guessed"}', None), ("{}", None), ("junk", 1003), ("[]", 1003)],
)
def test_a_greeting_is_a_message_and_a_guessed_key_opens_nothing(server, hello, code):
    async def talk(ws):
        if code:
            return await close_code(ws)
        return (await next_of(ws, "welcome"))["session"]

    async def key(ws):
        return (await next_of(ws, "welcome"))["session"]

    others = visit(server, key)
    answer = visit(server, talk, hello)
    assert answer == code if code else answer != others


def test_who_does_not_greet_or_falls_silent_is_let_go(serve, monkeypatch):
    monkeypatch.setattr(server_module, "REQUEST_S", 0.3)
    monkeypatch.setattr(connection, "IDLE_S", 0.3)
    with serve() as server:
        assert visit(server, close_code, None) == 1008
        assert visit(server, close_code) == 1008
        wait_for(lambda: not server.connections)


def test_who_sends_a_picture_byte_by_byte_is_let_go(serve, monkeypatch, face_jpeg):
    monkeypatch.setattr(connection, "IDLE_S", 0.5)

    async def talk(ws):
        transport = ws.get_extra_info("socket") and ws._response.connection.transport
        transport.write(b"\x82\xfe\xff\xff" + bytes(4))  # a masked message of 65,535 bytes begins
        for _ in range(8):
            transport.write(b"\0")
            await asyncio.sleep(0.1)
        return await close_code(ws)

    with serve() as server:
        assert visit(server, talk) == 1008


def test_there_is_room_for_so_many(server):
    async def talk(ws):
        await next_of(ws, "welcome")
        async with aiohttp.ClientSession(headers={"Origin": f"http://127.0.0.1:{server.port}"}) as client:
            address = f"ws://127.0.0.1:{server.port}/stream"
            others = [await client.ws_connect(address) for _ in range(server_module.MAX_VISITORS)]
            for other in others:
                await other.send_str("{}")
            codes = [await close_code(others[-1])]
            for other in others[:-1]:
                await next_of(other, "welcome")
            await others[0].close()
            again = await client.ws_connect(address)
            await again.send_str("{}")
            await next_of(again, "welcome")
            return codes

    assert visit(server, talk) == [1013]


def test_there_are_so_many_sockets_and_no_more(server):
    most = server_module.MAX_SOCKETS + server_module.BACKLOG
    opened = []
    for _ in range(most + 1):
        opened.append(socket.create_connection(("127.0.0.1", server.port)))
        time.sleep(0.01)
    opened[-1].settimeout(5)
    with suppress(ConnectionError):
        assert opened[-1].recv(100) == b"", "hung up on at once, not when its request is late"
    assert len(server.runner.server.connections) <= most
    for one in opened:
        one.close()
    assert visit(server, lambda ws: next_of(ws, "welcome"))


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"POST /photo HTTP/1.1\r\nX: " + b"x" * 5000])
def test_a_request_that_is_not_finished_is_let_go(serve, monkeypatch, head):
    monkeypatch.setattr(server_module, "REQUEST_S", 0.3)
    with serve() as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(20)
        client.sendall(head)
        assert client.recv(100) == b""


def test_who_does_not_read_is_let_go(serve, monkeypatch, repository):
    """Of a camera of the server, whose pictures fill what the system keeps for a slow reader."""
    monkeypatch.setattr(connection, "SEND_S", 0.3)
    monkeypatch.setattr(connection, "UNDER_WAY", 10_000)
    film = str(repository / "data" / "samples" / "astronaut.mp4")

    async def talk(ws):
        ws._response.connection.transport.pause_reading()
        async with asyncio.timeout(20):
            while not ws._writer.transport.is_closing() and server.connections:
                await asyncio.sleep(0.05)
        ws._response.connection.transport.abort()
        return len(server.connections)

    with Camera(film) as camera, serve(camera=camera) as server:
        big = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), np.uint8)
        monkeypatch.setattr(camera, "newest", lambda wait_s: (big, 0.0, time.monotonic()))
        assert visit(server, talk) == 0


def test_a_camera_of_the_server_that_comes_back_is_shown_again(serve, sample):
    picture = cv2.resize(cv2.imread(str(sample)), (256, 256))

    async def talk(ws):
        numbers = []
        while len(numbers) < 10:
            async with asyncio.timeout(20):
                message = await ws.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                numbers.append(int.from_bytes(message.data[:4], "big"))
                await ws.send_json({"type": "shown", "number": numbers[-1]})
                if len(numbers) == 5:
                    mjpeg.stop()
                    mjpeg.start()
        return numbers

    with MjpegServer(lambda number: picture) as mjpeg, Camera(mjpeg.url) as camera, serve(camera=camera) as server:
        numbers = visit(server, talk)
        assert numbers == sorted(set(numbers))
        junk = visit(server, lambda ws: send_and_close_code(ws, packed(b"mine")))
        assert junk == 1003, "it takes no pictures"


async def send_and_close_code(ws, data):
    await ws.send_bytes(data)
    return await close_code(ws)


def test_what_is_no_http_is_no_traceback(server, caplog, capfd):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(20)
        client.sendall(b"\0\1\2 junk\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.0 400")
    assert caplog.records == []
    assert capfd.readouterr().err == ""


def post(server, data, path="/photo", **options):
    async def run():
        address = f"http://127.0.0.1:{server.port}"
        async with (
            aiohttp.ClientSession(headers={"Origin": address}) as client,
            client.post(address + path, data=data, **options) as answer,
        ):
            return answer.status, await answer.read()

    return asyncio.run(run())


def test_a_photo_is_answered_with_its_faces_and_itself(server, sample):
    status, body = post(server, sample.read_bytes())
    length = int.from_bytes(body[4:8], "big")
    said = json.loads(body[8 : 8 + length])
    assert status == 200
    assert (said["width"], said["height"], len(said["faces"])) == (512, 512, 1)
    assert np.allclose(said["faces"][0]["box"], (178, 66, 95, 95), atol=30)
    assert cv2.imdecode(np.frombuffer(body[8 + length :], np.uint8), cv2.IMREAD_COLOR).shape == (512, 512, 3)


def test_a_photo_of_a_kind_that_browsers_do_not_show(server, face_photo):
    status, body = post(server, cv2.imencode(".tiff", face_photo)[1].tobytes())
    assert status == 200
    assert b"\xff\xd8" in body


def test_what_is_no_photo_costs_little(server, monkeypatch):
    monkeypatch.setattr(photos, "MAX_PIXELS", 10_000)
    assert post(server, b"")[0] == 422
    assert post(server, b"junk")[0] == 422
    assert post(server, cv2.imencode(".png", np.zeros((101, 100), np.uint8))[1].tobytes())[0] == 422
    assert post(server, io.BytesIO(bytes(photos.MAX_PHOTO + 1)))[0] == 413
    assert post(server, b"x", "/stream")[0] == 405


def test_what_is_packed_stays_packed(server):
    """A page sends nothing like it: unpacked, 400 kB came to 400 MB, and what cannot be unpacked to a traceback."""
    assert post(server, gzip.compress(bytes(1000)), headers={"Content-Encoding": "gzip"})[0] == 422
    assert post(server, b"junk", headers={"Content-Encoding": "deflate"})[0] == 422


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_visitor_who_hangs_up_while_sending_is_no_error_of_ours(server, caplog, length):
    address = f"127.0.0.1:{server.port}"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(
            f"POST /photo HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n{length}\r\n\r\n".encode()
        )
        time.sleep(0.1)
        client.sendall(b"5\r\nabc")
        time.sleep(0.1)
    assert post(server, b"junk")[0] == 422
    assert not [record for record in caplog.records if record.exc_info]


def test_a_photo_that_does_not_arrive_is_given_up(server, monkeypatch):
    monkeypatch.setattr(photos, "UPLOAD_S", 0.3)

    async def dribble():
        for _ in range(100):
            yield b"x"
            await asyncio.sleep(0.1)

    assert post(server, dribble())[0] == 408


def test_a_visitor_who_comes_back_goes_on_and_one_who_does_not_is_completed(serve, face_jpeg, tmp_path, monkeypatch):
    ended = []

    async def talk(ws):
        welcome = await next_of(ws, "welcome")
        await ws.send_bytes(packed(face_jpeg))
        return welcome["session"], (await next_of(ws, "faces"))["faces"][0]["id"]

    with serve(outputs=Outputs(csv=tmp_path / "a.csv"), ended=ended.append) as server:
        key, first = visit(server, talk)
        again = visit(server, talk, json.dumps({"session": key}))
        assert again == (key, first)
        assert ended == []
        monkeypatch.setattr(sessions, "GRACE_S", 0.1)
        visit(server, talk, json.dumps({"session": key}))
        wait_for(lambda: ended)
        assert visit(server, talk, json.dumps({"session": key}))[0] != key
    with (tmp_path / "a.csv").open() as file:
        assert [row["frame"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    assert (tmp_path / "a-2.csv").exists()


def test_who_comes_back_to_a_full_server_is_refused_and_still_completed(serve, face_jpeg, monkeypatch):
    async def see(ws):
        welcome = await next_of(ws, "welcome")
        await ws.send_bytes(packed(face_jpeg))
        await next_of(ws, "faces")
        return welcome["session"]

    with serve() as server:
        key = visit(server, see)
        wait_for(lambda: not server.connections)
        monkeypatch.setattr(server_module, "MAX_VISITORS", 0)
        assert visit(server, close_code, json.dumps({"session": key})) == 1013
        assert list(server.sessions.waiting) == [key], "the timer that ends it runs on"


def test_who_takes_over_a_connection_is_no_newcomer_to_a_full_server(server, monkeypatch):
    monkeypatch.setattr(server_module, "MAX_VISITORS", 1)

    async def talk(ws):
        key = (await next_of(ws, "welcome"))["session"]
        async with aiohttp.ClientSession(headers={"Origin": f"http://127.0.0.1:{server.port}"}) as client:
            again = await client.ws_connect(f"ws://127.0.0.1:{server.port}/stream")
            await again.send_str(json.dumps({"session": key}))
            return key, (await next_of(again, "welcome"))["session"]

    first, second = visit(server, talk)
    assert first == second


def test_who_only_looks_leaves_no_file_and_no_session(serve, tmp_path):
    ended = []
    with serve(outputs=Outputs(csv=tmp_path / "a.csv"), ended=ended.append) as server:
        visit(server, lambda ws: next_of(ws, "welcome"))
        wait_for(lambda: not server.sessions.open)
    assert ended == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_not_overwritten_by_the_second_visitor(serve, face_jpeg, tmp_path):
    (tmp_path / "a-2.csv").write_text("mine")

    async def talk(ws):
        await ws.send_bytes(packed(face_jpeg))
        await next_of(ws, "faces")

    with serve(outputs=Outputs(csv=tmp_path / "a.csv")) as server:
        visit(server, talk)
        visit(server, talk)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.csv", "a-3.csv", "a.csv"]
    assert (tmp_path / "a-2.csv").read_text() == "mine"


def test_a_recording_that_cannot_be_written_is_said_and_the_rest_goes_on(serve, face_jpeg, tmp_path):
    ended = []

    async def talk(ws):
        problems = []
        for number in range(2):
            await ws.send_bytes(packed(face_jpeg, number))
            problems.append((await next_of(ws, "faces"))["problem"])
        return problems

    with serve(outputs=Outputs(csv=tmp_path / "missing" / "a.csv"), ended=ended.append) as server:
        problems = visit(server, talk)
    assert all("a.csv: cannot be written" in problem for problem in problems)
    assert ended[0].problem == problems[0]


def test_a_place_that_is_taken_is_an_error(serve, server):
    with pytest.raises(InputError, match=f"--port {server.port}: cannot be served .*in use"), serve(port=server.port):
        pass
    with pytest.raises(InputError, match=r"--host 192\.0\.2\.1"), serve(host="192.0.2.1"):
        pass


def test_the_end_of_the_server_is_told(serve):
    async def talk(ws):
        await next_of(ws, "welcome")
        ending = asyncio.get_running_loop().run_in_executor(None, context.__exit__, None, None, None)
        code = await close_code(ws)
        await ending
        return code

    context = serve()
    server = context.__enter__()
    assert visit(server, talk) == 1001
