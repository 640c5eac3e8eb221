"""Addresses of cameras and films: which are read, which are a file of this machine, and how they are shown."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from emotion.errors import InputError

# Where a camera or a film may be. FFmpeg knows more, such as cache:file:///a.mp4: other names of files of this machine,
# which an output could overwrite while they are read.
SCHEMES = {
    "file", "http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtmpt", "rtp", "udp", "tcp", "srt", "mms", "mmsh", "ftp",
}  # fmt: skip

# What a URL may carry and no log, table or title should: user:password@, and ?pwd=...
USER = re.compile(r"(?<=://)[^/?#]*@")
SECRET = re.compile(r"(?<=[?&])([^=&#]*(?:pass|pwd|token|secret|key|auth)[^=&#]*)=[^&#]*", re.IGNORECASE)


def local_files(source: Path | str) -> list[Path]:
    """The file of this machine that a path or a URL names; none where it is elsewhere."""
    if "://" not in str(source):
        return [Path(source)]
    url = urlsplit(str(source))
    if url.scheme != "file":
        return []
    from urllib.request import url2pathname  # with it comes TLS, which takes its time

    return [Path(url2pathname(url.path))]


def check_scheme(url: str) -> None:
    """Refuse an address of a kind that is not read. The InputError shows no password."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise InputError(
            f"{hide_password(url)}: {scheme}:// is not read; name a file, or http://, https://, rtsp://, rtmp://, udp://"
        )


def hide_password(source: str) -> str:
    """`source` as it may be printed: a URL without its user and password, and without what its query keeps secret."""
    return SECRET.sub(r"\1=***", USER.sub("***@", source)) if "://" in source else source
