"""Downloads, bounded in size and time; a public server's redirect to a private address is refused."""

import base64
import http.client
import ipaddress
import socket
import threading
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit

from emotion.errors import InputError, reason
from emotion.media.address import hide_password

LIMIT_BYTES = 100_000_000
LIMIT_S = 30.0
SCHEMES = ("http", "https")


def download(url: str, limit_bytes: int = LIMIT_BYTES, limit_s: float = LIMIT_S) -> bytes:
    """What lies behind an http or https `url`.

    InputError, without the URL's password, where there is nothing, more than `limit_bytes`, or not within `limit_s`
    seconds; and where an address out in the world sends us on to one of this machine or its network.
    """
    if url.partition(":")[0].lower() not in SCHEMES:
        raise InputError(
            f"{hide_password(url)}: only http:// and https:// are read; download it first, and name the file"
        )
    result: list[bytes] = []
    problem: list[str] = []

    def fetch() -> None:
        try:
            request = as_request(url)
            with urllib.request.build_opener(NoWayInside).open(request, timeout=limit_s) as answer:
                data = answer.read(limit_bytes + 1)
            if len(data) > limit_bytes:
                problem.append(f"more than {limit_bytes / 1e6:g} MB; download it first, and name the file")
            else:
                result.append(data)
        except InputError as error:
            problem.append(str(error))
        except urllib.error.HTTPError as error:
            problem.append(f"the server answers {error.code} {error.reason}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem.append(f"cannot be fetched ({reason(getattr(error, 'reason', None) or error)})")

    # A thread that can be left: a name that is looked up, or a server that sends a byte a minute, knows no deadline.
    thread = threading.Thread(target=fetch, name="download", daemon=True)
    thread.start()
    thread.join(limit_s)
    if result:
        return result[0]
    raise InputError(f"{hide_password(url)}: {problem[0] if problem else f'not there within {limit_s:g} seconds'}")


def as_request(url: str) -> urllib.request.Request:
    """The request for `url`; a user and password in it go to its own server alone, not to where that sends us."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(
        parts._replace(netloc=host).geturl(), headers={"User-Agent": "facial-emotion-recognition"}
    )
    if user:
        token = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


class NoWayInside(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but none from outside to an address of this machine or its network."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        host = urlsplit(newurl).hostname
        if urlsplit(newurl).scheme not in SCHEMES:
            raise InputError("is sent on to what is no http address")
        if is_inside(host or "") and not is_inside(urlsplit(req.full_url).hostname or ""):
            raise InputError(f"is sent on to {host}, an address of this machine or its network")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_inside(host: str) -> bool:
    """Whether `host`, a name or an address, is no public one."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False  # then it cannot be opened either, or a proxy knows it, out there
    return not all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)
