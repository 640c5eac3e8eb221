#!/usr/bin/env python3
"""How fast videos are annotated: by stage, end to end, and beside a naive loop, all in one run on this machine.

python tests/benchmarks/video_speed.py
python tests/benchmarks/video_speed.py --sizes 720p --faces 1 --frames 300

Stages are timed one after the other, each alone, in milliseconds of a frame; `whole` is `vid_predict.py` as a process,
less the same on a video of one frame, that is, without its start-up. Close other programs first.

The naive loop is what scripts of this kind usually do, for each frame: cv2.VideoCapture.read, detectMultiScale on the
whole grey frame (neighbours 5), then for each face a crop, resize to 48x48 and Keras's `model.predict` of that one
face, a rectangle and a text, and cv2.VideoWriter.write (mp4v). Its first frame is not counted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from made_videos import make_video, paste, portrait  # noqa: E402

from emotion.faces.detector import DETECTORS  # noqa: E402
from emotion.faces.recognizer import Recognizer  # noqa: E402
from emotion.media.video_reader import VideoReader  # noqa: E402
from emotion.media.video_sink import VideoSink  # noqa: E402
from emotion.results.overlay import annotate  # noqa: E402
from emotion.shipped import CASCADE  # noqa: E402

FPS = 30
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
STAGES = ("decode", "detect", "classify", "draw", "encode")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPOSITORY / "models" / "fer.h5")
    parser.add_argument("--frames", type=int, default=150, help="of each video (default: %(default)s)")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--faces", nargs="+", type=int, choices=(0, 1, 6), default=[0, 1, 6])
    parser.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0])
    parser.add_argument(
        "--whole", action=argparse.BooleanOptionalAction, default=True, help="also time the whole script"
    )
    parser.add_argument("--naive", action=argparse.BooleanOptionalAction, default=True, help="also time the naive loop")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, OpenCV {cv2.__version__}, {args.frames} frames at {FPS} a second; ms a frame\n")
    print(f"{'video':<16}" + "".join(f"{name:>10}" for name in (*STAGES, "whole", "found")))
    ours = None
    with tempfile.TemporaryDirectory() as folder:
        for size in args.sizes:
            for faces in args.faces:
                video = make_scene(Path(folder), size, faces, args.frames)
                stages, found = time_stages(video, args.model, args.detector)
                whole = time_whole(video, args, args.frames) if args.whole else float("nan")
                figures = "".join(f"{stages[stage]:>10.1f}" for stage in STAGES)
                print(f"{size + ', ' + str(faces) + ' faces':<16}{figures}{whole:>10.1f}{found:>10.0%}", flush=True)
                if (size, faces) == ("720p", 1):
                    ours = whole
        if args.naive and ours:
            print()
            for scale in (1.1, 1.32):
                naive = time_naive(Path(folder) / "720p-1.mp4", args.model, scale)
                print(
                    f"naive loop, scale {scale}, 720p, 1 face: {naive:.0f} ms a frame; ours is {naive / ours:.1f} times faster"
                )


def make_scene(folder: Path, size: str, faces: int, frames: int) -> Path:
    """A video of `faces` heads that sway over a cluttered ground; beside it one of a single frame."""
    width, height = SIZES[size]
    rng = np.random.default_rng(0)
    ground = np.full((height, width, 3), (90, 110, 120), np.uint8)
    for _ in range(150):
        x, y, w, h = (int(v) for v in rng.integers(0, (width, height, width // 8, height // 8)))
        cv2.rectangle(ground, (x, y), (x + w, y + h), rng.integers(0, 255, 3).tolist(), cv2.FILLED)
    ground = cv2.GaussianBlur(ground, (0, 0), 2)
    head = portrait(
        cv2.imread(str(REPOSITORY / "data" / "samples" / "astronaut.jpg")), height // (5 if faces == 1 else 7)
    )
    noise = rng.normal(0, 1.5, (4, height, width, 1))

    def image(i):
        picture = ground.copy()
        for k in range(faces):
            x = width * (k % 3 + 1) / 4 if faces > 1 else width / 2
            y = height * (0.3 if k < 3 else 0.72) if faces > 1 else height / 2
            paste(picture, head, x + 0.03 * width * np.sin(i / 15 + k), y + 0.03 * height * np.cos(i / 20 + k))
        return np.clip(picture + noise[i % 4], 0, 255).astype(np.uint8)

    make_video(folder / f"{size}-{faces}-one.mp4", [image(0)], fps=FPS)
    return make_video(folder / f"{size}-{faces}.mp4", (image(i) for i in range(frames)), fps=FPS, quality=23)


def time_stages(video: Path, model: Path, detector: str) -> tuple[dict[str, float], float]:
    """Milliseconds a frame of each stage alone, and the share of frames in which all faces were found."""
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(stage, function, *arguments):
        started = time.perf_counter()
        result = function(*arguments)
        spent[stage] += time.perf_counter() - started
        return result

    recognizer = Recognizer.for_video(model, fps=FPS, detector=detector)
    count = complete = 0
    expected = int(video.stem.rpartition("-")[2])
    with VideoReader(video) as reader, VideoSink(video.with_suffix(".out.mp4"), reader.info) as sink:
        frames = iter(reader)
        while (frame := timed("decode", next, frames, None)) is not None:
            found, crops = timed("detect", recognizer.detect, frame.image, frame.time_s)
            faces = timed("classify", recognizer.classify, found, crops, frame.time_s)
            timed("draw", annotate, frame.image, faces)
            timed("encode", sink.write, frame.image, frame.time_s)
            count, complete = count + 1, complete + (len(faces) == expected)
    return {stage: 1000 * seconds / count for stage, seconds in spent.items()}, complete / count


def time_whole(video: Path, args: argparse.Namespace, frames: int) -> float:
    """Milliseconds a frame of the script as a user runs it, start-up taken off."""
    one = video.with_stem(f"{video.stem}-one")
    seconds = [time_process(path, args) for path in (one, video)]
    return 1000 * (seconds[1] - seconds[0]) / (frames - 1)


def time_process(video: Path, args: argparse.Namespace) -> float:
    started = time.perf_counter()
    command = [
        sys.executable,
        REPOSITORY / "vid_predict.py",
        video,
        "--model",
        args.model,
        "--detector",
        args.detector,
        "--quiet",
        "-o",
        video.with_suffix(".out.mp4"),
    ]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def time_naive(video: Path, model_path: Path, scale: float, frames: int = 21) -> float:
    """Milliseconds a frame of the loop described above."""
    from emotion.model_file.h5 import load_model

    model, cascade = load_model(model_path), cv2.CascadeClassifier(str(CASCADE))
    capture = cv2.VideoCapture(str(video))
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(video.with_suffix(".naive.mp4")), cv2.VideoWriter_fourcc(*"mp4v"), FPS, size)
    for number in range(frames):
        if number == 1:
            started = time.perf_counter()
        _, frame = capture.read()
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for x, y, w, h in cascade.detectMultiScale(gray, scale, 5):
            face = cv2.resize(gray[y : y + h, x : x + w], (48, 48)).astype(np.float32)
            emotion = model.predict(face[None, ..., None], verbose=0)[0].argmax()
            cv2.rectangle(frame, (x, y), (x + w, y + h), (0, 255, 0), 2)
            cv2.putText(frame, str(emotion), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 255, 0), 2)
        writer.write(frame)
    seconds = time.perf_counter() - started
    writer.release()
    return 1000 * seconds / (frames - 1)


if __name__ == "__main__":
    main()
