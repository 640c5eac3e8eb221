"""The page stands by itself, shows what it was given, and lets nobody's text become a part of it."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.results.html_report import MOMENTS, HtmlReport, Pictures
from emotion.results.timeline import Timeline

LABELS = ("calm", "<b>joie</b>")
EVIL = "</script><script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>.jpg"


def face(share, id=None, box=(20, 20, 40, 40)):
    return Recognition(Box(*box), LABELS, np.array([share, 1 - share], np.float32), id)


def ground():
    return np.full((120, 160, 3), 90, np.uint8)


@pytest.fixture
def page(tmp_path):
    report = HtmlReport(LABELS)
    report.add_photo(EVIL, ground(), [face(0.2), face(0.9)])
    report.add_photo("empty.jpg", ground(), [])
    report.add_failure("bad.jpg", EVIL)
    timeline, pictures = Timeline(LABELS), Pictures(LABELS)
    for frame in range(100):
        faces = [face(frame / 100, 1)]
        timeline.add(frame / 10, faces)
        pictures.add(ground(), frame / 10, faces)
    report.add_film(EVIL, timeline, pictures, start_s=60)
    report.write(tmp_path / "page.html")
    return tmp_path / "page.html"


def test_all_text_is_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 1
    assert "<b>" not in text
    assert "onerror=alert(1)>" not in text
    assert "&lt;b&gt;joie" in text


def test_it_asks_the_network_for_nothing(page):
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"https?://|//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))


def test_the_strongest_moments_are_few_apart_and_strong():
    pictures = Pictures(LABELS)
    for frame in range(200):
        pictures.add(ground(), frame / 10, [face(0.5 + 0.4 * np.sin(frame / 9), 1)])
    for found in pictures.moments.values():
        times = [entry[1] for entry in found]
        assert 1 <= len(found) <= MOMENTS
        assert min(entry[0] for entry in found) > 0.85
        assert all(abs(a - b) >= 2 for i, a in enumerate(times) for b in times[:i])


def test_names_that_are_no_text(tmp_path):
    report = HtmlReport(LABELS)
    report.add_failure("caf\udce9.jpg", "bad")
    report.write(tmp_path / "page.html")
    assert r"caf\udce9.jpg" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here")
@pytest.mark.parametrize("width", [400, 1400])
def test_a_browser_shows_it(page, tmp_path, width):
    """The lanes and filters are made by the script of the page: that they are there says that it ran."""
    probe = "<script>document.title = document.documentElement.scrollWidth + ' ' + document.querySelector('canvas').width</script>"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{probe}</body>"), encoding="utf-8")
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    scroll, canvas = map(int, re.search(r"<title>(\d+) (\d+)</title>", shown).groups())
    assert scroll <= max(width, 500), "nothing is wider than the window"
    assert 200 < canvas < width
    assert re.search(r'<output id="count">3 of 3</output>', shown)
    assert re.search(r'<div class="axis"><span>1:00</span><span>1:0[45]</span><span>1:0[9]</span></div>', shown)
