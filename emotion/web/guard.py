"""Who may speak to the page's server: checked on every request, before anything else is looked at.

A page of another site, open in the same browser, can reach a server on the loopback. Two checks keep it out: `Host`
names this machine (a name of the other site's that points here, DNS rebinding, does not), and `Origin`, which every
browser sends with a WebSocket and a POST, is this very server. Beyond the loopback a token is needed as well.
"""

import hmac
import ipaddress
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web
from yarl import URL

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    # Nothing from elsewhere is loaded and nothing is sent elsewhere, whatever the page's code may say.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=()",
    "Referrer-Policy": "no-referrer",  # or the token in the address would travel
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """The rules of a server that is bound to `host`."""

    def __init__(self, host: str):
        self.host = host
        self.token = None if is_loopback(host) else secrets.token_urlsafe(16)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if problem := self.problem(request):
            logger.info(f"refused a request from {request.remote}: {problem}")
            return web.Response(status=403, text=f"Refused: {problem}.\n")
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception:
            logger.exception(f"{request.method} {request.path}")
            return web.Response(status=500, text="An error on the server.\n")

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """The signal handler of every response, a WebSocket's and an error's too."""
        response.headers.update(HEADERS)

    def remember(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser that has shown its token come back without: the page takes it out of the address."""
        if self.token:
            # Strict: sent along by this server's own page alone.
            response.set_cookie(cookie_name(request), self.token, httponly=True, samesite="Strict")

    def problem(self, request: web.Request) -> str | None:
        """Why `request` is refused, in a few words; None if it may pass."""
        try:
            asked = URL(f"{request.scheme}://{request.headers.get('Host', '')}")
        except ValueError:
            asked = URL()
        if not asked.host or not self.is_own_name(asked.host):
            return "Host does not name this machine"
        origin = request.headers.get("Origin")
        sends = request.method not in ("GET", "HEAD") or "upgrade" in request.headers.get("Connection", "").lower()
        if (origin is not None or sends) and origin != str(asked.origin()):
            return "Origin is not this page"
        if not self.has_token(request):
            return "the token is missing or wrong; open the address that was printed at the start"
        return None

    def is_own_name(self, name: str) -> bool:
        """Whether `name`, of a Host header, is this machine's by any way that no other site can arrange."""
        if name in ("localhost", self.host):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            own = socket.gethostname().lower()
            return self.token is not None and name.lower() in (own, f"{own}.local")
        return address.is_loopback or self.token is not None  # a site has a name; an address as Host is no site's

    def has_token(self, request: web.Request) -> bool:
        given = request.query.get("token") or request.cookies.get(cookie_name(request)) or ""
        return self.token is None or hmac.compare_digest(given.encode(), self.token.encode())

    def addresses(self, port: int) -> list[str]:
        """What to type into a browser, the likeliest first; with the token, if one is needed."""
        if not self.token:
            return [str(URL.build(scheme="http", host=self.host, port=port, path="/"))]
        everywhere = self.host in ("0.0.0.0", "::", "")
        names = [socket.gethostname(), "127.0.0.1"] if everywhere else [self.host]
        query = {"token": self.token}
        return [str(URL.build(scheme="http", host=name, port=port, path="/", query=query)) for name in names]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cookie_name(request: web.Request) -> str:
    """A browser keeps cookies by host, not by port: two servers on one machine would share the name."""
    return f"emotion-{request.url.port}"
