"""The live camera in a browser: the script waits while the page is served."""

import argparse
import logging
import os
import sys
import time
import webbrowser
from contextlib import ExitStack

from emotion.cli import app, flags, terminal
from emotion.cli.interrupt import Interrupt
from emotion.media.camera import Camera
from emotion.media.recording import USUAL_FPS
from emotion.outputs import check_apart
from emotion.web.server import Server
from emotion.web.session import Outputs, Session

logger = logging.getLogger(__name__)

WAIT_S = 0.1  # before it is asked again whether it is over


def serve(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or until the video that it shows has ended; returns the exit code."""
    problems = []

    def report(session: Session) -> None:
        fps = session.timeline.fps(USUAL_FPS)
        who = f"camera {session.source}" if args.camera else f"visitor {session.number}"
        for line in (f"{who}: {session.timeline.camera_length(fps)}", *session.timeline.summary(fps)):
            terminal.say(line)
        if session.problem:
            problems.append(session.problem)
        elif session.outputs.names:
            terminal.say(f"recorded: {', '.join(session.outputs.names)}")

    with Interrupt() as interrupt, ExitStack() as stack:
        camera = stack.enter_context(Camera(args.camera)) if args.camera else None
        recognizer = flags.video_recognizer(args, USUAL_FPS)
        check_apart(
            [*(camera.files if camera else []), *recognizer.files],
            {"-o": args.output, "--csv": args.csv, "--json": args.json},
        )
        server = Server(
            recognizer, flags.photo_recognizer(args), args.host, args.port,
            outputs=Outputs(args.output, args.csv, args.json), camera=camera, ended=report,
        )  # fmt: skip
        stack.enter_context(server)
        print("Open", " or ".join(server.addresses), flush=True)
        logger.info("Ctrl-C ends")
        if has_browser():
            webbrowser.open(server.addresses[-1])
        while not (interrupt or server.ended):
            time.sleep(WAIT_S)
    for problem in problems:
        logger.error(f"not recorded to the end: {problem}")
    code = app.ended(bool(interrupt), camera.name if camera else "", camera.problem if camera else None)
    return code or (app.PARTLY if problems else app.DONE)


def has_browser() -> bool:
    """Whether there is a screen for one; on Linux without, Python would start a text browser in this terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
