"""What can go wrong and be reported to a person. `cli/app.py` turns it into one line and an exit code."""


class InputError(Exception):
    """The call or what it names is at fault. The text is one line: the file or flag, what is wrong, the way out.

    Ends a script with exit code 2, unless it is about one input of several: then the rest is done, and it ends with 1.
    """


def reason(error: Exception) -> str:
    """What went wrong, in a line: the system's and FFmpeg's word for it, or the first of what else was said."""
    if word := getattr(error, "strerror", None):
        return str(word).lower()
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
