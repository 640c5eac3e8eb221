"""On PYTHONPATH this makes OpenCV, in every process, die of one kind of photo and hang over another."""

import contextlib
import os
import signal
import time

with contextlib.suppress(ImportError):
    import cv2

    decode = cv2.imdecode

    def poisoned(data, *arguments):
        end = bytes(data[-10:])
        if b"POISON" in end:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"HANG" in end:
            time.sleep(600)
        return decode(data, *arguments)

    cv2.imdecode = poisoned
