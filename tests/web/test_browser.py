"""The page in a real browser: Chromium, whose camera plays the sample's face."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from real_browser import camera_picture

from emotion.media.camera import Camera
from emotion.web.session import Outputs

pytestmark = pytest.mark.slow

NEAR = 10  # pixels of 640

# The box's sides are the only columns, and its lower edge the lowest row, in which the emotion's colour runs so far.
FIND_BOX = """() => {
  const { width, height } = document.getElementById("overlay");
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(document.getElementById("overlay"), 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const columns = new Array(width).fill(0), rows = new Array(height).fill(0);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const i = 4 * (y * width + x);
    if (Math.abs(data[i] - 255) + Math.abs(data[i + 1] - 200) + Math.abs(data[i + 2] - 60) < 30) columns[x]++, rows[y]++;
  }
  const sides = [...columns.keys()].filter((x) => columns[x] > 0.11 * height);
  const edges = [...rows.keys()].filter((y) => rows[y] > 0.8 * (sides.at(-1) - sides[0]));
  const unit = width / 640;
  return [sides[0] / unit, edges.at(-1) / unit, (sides.at(-1) - sides[0]) / unit];
}"""


@pytest.fixture(scope="module")
def face(recognizers, sample):
    """The box of the camera's face, as the recognizer finds it without a browser."""
    stream = recognizers[0].new_stream()
    picture = camera_picture(sample)
    return [stream.recognize(picture, time_s)[0].box for time_s in (0.0, 0.1, 0.2)][-1]


def box_is_at(page, left, face):
    """Wait until the drawn box is where the face is: `left`, in pixels of the camera, is its left edge."""
    found, until = None, time.monotonic() + 30
    truth = left, face.y + face.height, face.width
    while found is None or not np.allclose(found, truth, atol=NEAR):
        assert time.monotonic() < until, f"{found} is not {truth}"
        time.sleep(0.1)
        found = [value or 0 for value in page.evaluate(FIND_BOX)]


def test_box_and_label_are_on_the_face_and_mirrored_with_it(server, open_page, face):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    box_is_at(page, 640 - face.x - face.width, face)  # a person before a camera expects a mirror
    page.keyboard.press("m")
    box_is_at(page, face.x, face)
    assert page.inner_text("#lanes .feels") == "happiness"
    assert page.inner_text("#status") == "Connected"
    assert "ms" in page.inner_text("#pace")
    assert "Nothing leaves this machine" in page.inner_text("#privacy")


def test_a_pause_sends_nothing_and_goes_on(server, open_page):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    page.keyboard.press(" ")
    time.sleep(1)
    number = sent(page)
    time.sleep(1)
    assert sent(page) == number
    assert page.get_attribute("#pause", "aria-pressed") == "true"
    page.click("#pause")
    page.wait_for_function("number => import('/page/main.js').then(({ frames }) => frames.number > number)", arg=number)


def test_a_snapshot_is_the_picture_with_its_box(server, open_page, tmp_path):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    with page.expect_download() as download:
        page.keyboard.press("s")
    download.value.save_as(tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"))
    assert picture.shape == (480, 640, 3)
    yellow = np.abs(picture.astype(int) - (60, 200, 255)).sum(axis=2) < 40
    assert yellow.sum() > 500


@pytest.mark.parametrize("how", ["dropped", "chosen"])
def test_a_photo_is_recognized_and_the_camera_comes_back(server, open_page, recognizers, sample, face_photo, how):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    if how == "chosen":
        page.set_input_files("#file", sample)
    else:
        drop(page, sample, "image/jpeg")
    page.wait_for_selector("#stage[data-source=photo]")
    shape = page.evaluate("[picture.width, picture.height]")
    assert shape == [512, 512]
    (truth,) = recognizers[1].recognize(face_photo)
    assert page.evaluate(FIND_BOX)[2] == pytest.approx(truth.box.width * 640 / 512, abs=NEAR)
    assert page.inner_text("#people-title") == "In this photo"
    assert page.inner_text("#lanes .feels") == "happiness"
    page.keyboard.press("Escape")
    page.wait_for_selector("#stage[data-source=camera]")
    page.wait_for_selector("#lanes li")


def test_what_is_no_photo_is_said(server, open_page, repository):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    drop(page, repository / "README.md", "text/plain")
    page.wait_for_selector("#card-action:visible")
    assert "no photo" in page.inner_text("#card-title")
    page.click("#card-action")
    page.wait_for_selector("#card", state="hidden")


def test_a_video_is_played_and_recognized(server, open_page, repository):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    page.set_input_files("#file", repository / "data" / "samples" / "astronaut.mp4")
    page.wait_for_selector("#stage[data-source=video]")
    page.wait_for_selector("#lanes li")
    page.wait_for_selector("#pause[aria-pressed=true]")  # at its end
    assert page.inner_text("#lanes .feels").startswith("happiness")


def test_a_lost_connection_is_taken_up_by_the_same_visitor(server, open_page):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    (connection,) = server.connections
    server.loop.call_soon_threadsafe(connection.abort)
    page.wait_for_selector("#status[data-state=lost]")
    page.wait_for_selector("#status[data-state=open]")
    (again,) = server.connections
    assert again is not connection
    assert again.session is connection.session
    number = sent(page)
    page.wait_for_function("number => import('/page/main.js').then(({ frames }) => frames.number > number)", arg=number)


def test_a_server_that_is_started_again_is_found(serve, open_page):
    with serve() as server:
        page = open_page(server)
        page.wait_for_selector("#lanes li")
    page.wait_for_selector("#status[data-state=lost]")
    with serve(port=server.port):
        page.wait_for_selector("#status[data-state=open]")


def test_a_server_with_another_token_is_not_asked_for_ever(serve, open_page):
    with serve(host="0.0.0.0") as server:
        page = open_page(server, server.addresses[-1])
        page.wait_for_selector("#lanes li")
    with serve(host="0.0.0.0", port=server.port):
        page.wait_for_selector("#status[data-state=refused]")
    assert page.inner_text("#status") == "Open the address that the server printed"


def test_another_tab_takes_over_and_gives_back(server, open_page):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    key = page.evaluate("sessionStorage.getItem('session')")
    other = open_page(server)
    other.wait_for_selector("#lanes li")  # it has stored a key of its own
    other.evaluate("key => sessionStorage.setItem('session', key)", key)
    other.reload()
    page.wait_for_selector("#status[data-state=elsewhere]")
    page.click("#card-action")
    other.wait_for_selector("#status[data-state=elsewhere]")
    page.wait_for_selector("#status[data-state=open]")


def test_without_the_camera_the_page_says_what_to_do(server, open_page, sample):
    page = open_page(server, camera=False)
    page.wait_for_selector("#card-action:visible")
    assert page.inner_text("#card-title") == "The camera is not allowed"
    page.set_input_files("#file", sample)
    page.wait_for_selector("#stage[data-source=photo]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_all_of_it_within_its_width(server, open_page, scheme):
    phone = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    page = open_page(server, color_scheme=scheme, **phone)
    page.wait_for_selector("#lanes li")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for button in page.query_selector_all("#tools button:visible, #tools select:visible"):
        box = button.bounding_box()
        assert box["height"] >= 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_every_control_is_reached_and_named_by_keyboard(server, open_page):
    page = open_page(server)
    page.wait_for_selector("#lanes li")
    names = []
    for _ in range(5):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText.split('\\n')[0] || document.activeElement.id"))
    assert names == ["Pause", "Snapshot", "Mirror", "Open…", "640 pixels"]


def test_two_visitors_have_identities_and_recordings_of_their_own(serve, open_page, tmp_path):
    ended = []
    outputs = Outputs(tmp_path / "a.mp4", tmp_path / "a.csv", tmp_path / "a.json")
    with serve(outputs=outputs, ended=ended.append) as server:
        pages = [open_page(server), open_page(server)]
        for page in pages:
            page.wait_for_selector("#lanes li")
            assert page.inner_text("#lanes .who") == "Face 1"
        assert pages[0].inner_text("#recorded") == "Recorded: a.mp4, a.csv, a.json"
        time.sleep(1)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a-2.csv", "a-2.json", "a-2.mp4", "a.csv", "a.json", "a.mp4"]
    assert sorted(session.number for session in ended) == [1, 2]
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["frames"][-1]["faces"][0]["label"] == "happiness"
    assert len(written["frames"]) == ended[0].timeline.frames or len(written["frames"]) == ended[1].timeline.frames


def test_a_camera_of_the_server_is_shown_to_everybody_until_its_end(serve, open_page, repository):
    with Camera(str(repository / "data" / "samples" / "astronaut.mp4")) as camera, serve(camera=camera) as server:
        pages = [open_page(server, camera=False) for _ in range(2)]
        for page in pages:
            page.wait_for_selector("#stage[data-source=server]")
            page.wait_for_selector("#lanes li")
            assert page.evaluate("[picture.width, picture.height]") == [480, 360]
        while not server.ended:
            time.sleep(0.1)
    for page in pages:
        page.wait_for_selector("#status[data-state=ended]")


def test_beyond_the_loopback_the_token_is_needed_and_leaves_the_address(serve, open_page):
    with serve(host="0.0.0.0") as server:
        address = server.addresses[-1]
        assert address.startswith(f"http://127.0.0.1:{server.port}/?token=")
        page = open_page(server, address)
        page.wait_for_selector("#lanes li")
        assert page.url == f"http://127.0.0.1:{server.port}/"
        page.reload()  # by the cookie
        page.wait_for_selector("#lanes li")
        stranger = open_page(server, f"http://127.0.0.1:{server.port}/")
        assert "the token is missing" in stranger.inner_text("body")


def test_a_page_of_another_site_gets_nothing(server, open_page):
    """What it may try: a WebSocket, a request, a frame, and a name of its own that points here."""
    attack = """async ([port, name]) => {
      const said = await new Promise((resolve) => {
        const socket = new WebSocket(`ws://${name}:${port}/stream`);
        socket.onopen = () => socket.send('{"type": "hello"}');
        socket.onmessage = ({ data }) => resolve(data);
        socket.onclose = ({ code }) => resolve(`closed ${code}`);
      });
      const read = await fetch(`http://${name}:${port}/`).then((answer) => answer.text(), () => "blocked");
      const posted = await fetch(`http://${name}:${port}/photo`, { method: "POST", body: "x" }).then(
        (answer) => answer.text(), () => "blocked");
      return [said, read, posted];
    }"""
    with other_site() as port:
        page = open_page(server, f"http://127.0.0.1:{port}/", check=False)
        assert page.evaluate(attack, [server.port, "127.0.0.1"]) == ["closed 1006", "blocked", "blocked"]
        assert page.evaluate(attack, [server.port, "localhost"]) == ["closed 1006", "blocked", "blocked"]
        page.set_content(f"<iframe src='http://127.0.0.1:{server.port}/'></iframe>")
        time.sleep(1)
        assert server.connections == set()
    page = open_page(server, f"http://elsewhere.test:{server.port}/", check=False)
    assert page.inner_text("body").strip() == "Refused: Host does not name this machine."
    said, read, posted = page.evaluate(attack, [server.port, "elsewhere.test"])
    assert said == "closed 1006"
    assert read == posted == "Refused: Host does not name this machine.\n"


def sent(page):
    """How many frames the page has sent."""
    return page.evaluate("import('/page/main.js').then(({ frames }) => frames.number)")


def drop(page, path, kind):
    """Drop a file onto the page."""
    data = page.evaluate_handle(
        """([bytes, name, type]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name, { type }));
          return data;
        }""",
        [list(path.read_bytes()), path.name, kind],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": data})


@contextmanager
def other_site():
    """A server of another origin; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
