"""A server with the shipped model, and a real browser whose camera plays a file."""

from contextlib import contextmanager

import pytest
from real_browser import CHROMIUM, FLAGS, camera_picture, write_y4m

from emotion import Recognizer
from emotion.web.server import Server


@pytest.fixture(scope="session")
def recognizers():
    """One of videos, one of photos, by the shipped model."""
    return Recognizer.for_video(), Recognizer.for_photos()


@pytest.fixture
def serve(recognizers):
    """`with serve(host=...) as server`: a server on a free port."""

    @contextmanager
    def start(**options):
        with Server(*recognizers, **{"port": 0} | options) as server:
            yield server

    return start


@pytest.fixture
def server(serve):
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory, sample):
    """What the browser's camera plays."""
    path = tmp_path_factory.mktemp("camera") / "face.y4m"
    write_y4m(path, [camera_picture(sample)] * 5)
    return path


@pytest.fixture(scope="module")
def chromium(camera_file):
    """Debian's Chromium, its camera playing `camera_file`. Not for the session: Playwright occupies asyncio."""
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install playwright")
    # Another site's name that points here, as in DNS rebinding.
    flags = [
        *FLAGS,
        f"--use-file-for-fake-video-capture={camera_file}",
        "--host-resolver-rules=MAP elsewhere.test 127.0.0.1",
    ]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """open_page(server) -> a page of its own visitor; what it logs as an error, or asks of elsewhere, fails the test."""
    contexts, problems = [], []

    def start(server, address=None, camera=True, check=True, **options):
        permissions = ["camera"] if camera else []
        context = chromium.new_context(
            permissions=permissions, **{"viewport": {"width": 1400, "height": 900}} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        if not check:
            page.goto(address)
            return page
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: said.type == "warning" and problems.append(f"warning: {said.text}"))
        page.on("request", lambda request: check_request(request.url, server, problems))
        page.goto(address or server.addresses[0])
        return page

    yield start
    for context in contexts:
        context.close()
    assert problems == []


def check_request(url, server, problems):
    here = (f"http://127.0.0.1:{server.port}/", f"ws://127.0.0.1:{server.port}/", f"http://localhost:{server.port}/")
    if not url.startswith((*here, "blob:", "data:")):
        problems.append(f"asked elsewhere: {url}")
