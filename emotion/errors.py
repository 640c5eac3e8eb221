"""What can go wrong and be reported to a person. `cli/app.py` turns it into one line and an exit code."""


class InputError(Exception):
    """The call or what it names is at fault. The text is one line: the file or flag, what is wrong, the way out.

    Ends a script with exit code 2, unless it is about one input of several: then the rest is done, and it ends with 1.
    """


def reason(error: BaseException) -> str:
    """What went wrong, in a line: the system's, FFmpeg's or OpenCV's word for it, or the first of what else was said."""
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine"
    if word := getattr(error, "strerror", None):
        return str(word).lower()
    if word := getattr(error, "err", None):  # OpenCV's, without the place in its source
        return str(word)
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def named(name: object, error: BaseException) -> str:
    """What went wrong with the input `name`, in a line that names it, as an InputError does by itself."""
    return str(error) if isinstance(error, InputError) else f"{name}: {reason(error)}"
