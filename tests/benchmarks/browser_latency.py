#!/usr/bin/env python3
"""How long is it from the camera's frame to the drawn box? The page in Chromium, the server in a process of its own.

python tests/benchmarks/browser_latency.py
python tests/benchmarks/browser_latency.py --sizes 640x480 --visitors 1 --seconds 30
python tests/benchmarks/browser_latency.py --no-browser

Prints milliseconds (median and 95 %), frames a second of each visitor, and the server's share of one core. With
--no-browser the visitors are sockets that send the same frames as JPEG, 30 a second and two under way at most: what
the server takes, without a browser's decoding, drawing and compositing on the same cores.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import cv2
import numpy as np
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parent.parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from made_videos import frames_of  # noqa: E402
from real_browser import CHROMIUM, FLAGS, write_y4m  # noqa: E402

SAMPLES = "import('/page/main.js').then(({ latency }) => [latency.samples, latency.times])"
RESTART = "import('/page/main.js').then(({ latency }) => latency.restart(true))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["640x480", "1280x720"])
    parser.add_argument("--visitors", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--no-browser", action="store_true")
    args = parser.parse_args()
    film = frames_of(REPOSITORY / "data" / "samples" / "astronaut.mp4")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print("size       visitors   median     95 %   frames/s   server")
    for size in args.sizes:
        width, height = map(int, size.split("x"))
        frames = [fit(frame, width, height) for frame in film]
        for visitors in args.visitors:
            with running_server() as (address, pid), visiting(address, frames, visitors, args.no_browser) as visit:
                used = cpu_seconds(pid)
                delays, fps = visit(args.seconds)
                share = (cpu_seconds(pid) - used) / args.seconds
            median, late = statistics.median(delays), np.percentile(delays, 95)
            print(f"{size:10} {visitors:8} {median:6.0f} ms {late:6.0f} ms {fps:10.1f} {share:8.0%}", flush=True)


@contextmanager
def running_server():
    """Its address and its process's number."""
    script = [sys.executable, str(REPOSITORY / "live_cam_predict.py"), "--browser", "--port", "0", "--quiet"]
    silent = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=silent) as server:
        yield server.stdout.readline().split()[1], server.pid
        server.terminate()


def visiting(address: str, frames: list[np.ndarray], visitors: int, no_browser: bool):
    """A context with a function: seconds -> all visitors' delays in ms, and the frames a second of each on average."""
    return sockets(address, frames, visitors) if no_browser else pages(address, frames, visitors)


@contextmanager
def pages(address: str, frames: list[np.ndarray], visitors: int):
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        camera = Path(folder) / "camera.y4m"
        write_y4m(camera, frames)
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        opened = []
        for _ in range(visitors):
            page = browser.new_context(permissions=["camera"], viewport={"width": 1280, "height": 800}).new_page()
            page.add_init_script(f"localStorage.setItem('detail', '{max(frames[0].shape)}')")
            page.goto(address)
            page.wait_for_selector("#lanes li", timeout=120_000)
            opened.append(page)

        def visit(seconds: float) -> tuple[list[float], float]:
            for page in opened:
                page.evaluate(RESTART)
            time.sleep(seconds)
            answers = [page.evaluate(SAMPLES) for page in opened]
            delays = [delay for samples, _ in answers for delay in samples]
            return delays, sum(len(times) for _, times in answers) / visitors / seconds

        time.sleep(2)
        yield visit
        browser.close()


@contextmanager
def sockets(address: str, frames: list[np.ndarray], visitors: int):
    jpegs = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for frame in frames]

    async def visitor(client: aiohttp.ClientSession, seconds: float) -> list[float]:
        sent: dict[int, float] = {}
        delays: list[float] = []
        async with client.ws_connect(address.replace("http", "ws") + "stream") as socket:
            await socket.send_str("{}")

            async def listen() -> None:
                async for message in socket:
                    if (answer := json.loads(message.data))["type"] == "faces":
                        delays.append(1000 * (time.perf_counter() - sent[answer["number"]]))
                        for number in [number for number in sent if number <= answer["number"]]:
                            del sent[number]

            listener = asyncio.create_task(listen())
            for number in range(round(30 * seconds)):
                await asyncio.sleep(1 / 30)
                if len(sent) < 2:
                    sent[number] = time.perf_counter()
                    await socket.send_bytes(number.to_bytes(4, "big") + bytes(4) + jpegs[number % len(jpegs)])
            listener.cancel()
        return delays

    async def visit_all(seconds: float) -> list[list[float]]:
        async with aiohttp.ClientSession(headers={"Origin": address.rstrip("/")}) as client:
            return await asyncio.gather(*[visitor(client, seconds) for _ in range(visitors)])

    def visit(seconds: float) -> tuple[list[float], float]:
        delays = asyncio.run(visit_all(seconds))
        return [delay for some in delays for delay in some], sum(map(len, delays)) / visitors / seconds

    yield visit


def cpu_seconds(pid: int) -> float:
    """What the process has used, user and system, by Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fit(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """The middle of the frame, in another size."""
    scale = max(width / frame.shape[1], height / frame.shape[0])
    large = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    left, top = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])


if __name__ == "__main__":
    main()
