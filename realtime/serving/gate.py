"""Let in who may come: rates, hosts, origins and the token, and the headers that keep a page to itself."""

import hmac
import ipaddress
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

COOKIE = "livedigits_token"
# Requests that one address may make a second, and at once; set by hand: a page opens with six, a program reads several
# pictures a second. Of so many addresses it is remembered.
RATE, BURST, PEERS = 20.0, 60.0, 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
ASK = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>livedigits</title><link rel="stylesheet" href="/style.css"><main class="ask"><h1>livedigits</h1>
<p>Scan the code that the terminal shows, or enter the token that stands below it.</p>
<form action="/"><label>Token <input name="token" type="password" required autofocus autocomplete="off"></label>
<button>Open</button></form></main></html>"""
OPEN_PATHS = frozenset({"/healthz", "/style.css"})  # need no token


class Gate:
    """The rules of one server. token: empty where none is asked for. names: hosts that are its own, besides numbers."""

    def __init__(self, token: str, names: frozenset[str]) -> None:
        self._token, self._names = token, names
        self._peers: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what each may still do, and since when

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request that is refused or sent elsewhere, None to one that may pass."""
        if not self._within_rate(request.remote or ""):
            return refuse(429, "too many requests: wait a second", {"Retry-After": "1"})
        if not self._is_own(request.host):
            return refuse(421, "this server does not go by that name: open the address that the terminal shows")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            return refuse(403, "another site may not use this server")
        if not self._token or request.path in OPEN_PATHS:
            return None
        return self._ask_token(request)

    def _ask_token(self, request: web.Request) -> web.Response | None:
        """Return None where the request carries the token; keep one of the address in a cookie, and hide it."""
        asked = request.query.get("token", "") if request.path == "/" else ""
        if asked and self._is_token(asked):
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(COOKIE, asked, httponly=True, secure=request.secure, samesite="Strict", max_age=2**25)
            return answer
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._is_token(request.cookies.get(COOKIE, "")) or self._is_token(bearer):
            return None
        if request.path == "/":
            return web.Response(status=401, text=ASK, content_type="text/html")
        return refuse(401, "the token is missing or wrong: send it as 'Authorization: Bearer TOKEN'")

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(errors="replace"), self._token.encode())

    def _is_own(self, host: str) -> bool:
        """Tell whether a host is a number or a name of this machine: what other names lead here is a trick."""
        name = urlsplit(f"//{host}").hostname or ""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True

    def _within_rate(self, peer: str) -> bool:
        """Take note of a request, and tell whether its sender keeps to the rate."""
        now = time.monotonic()
        left, since = self._peers.pop(peer, (BURST, now))
        left = min(BURST, left + RATE * (now - since))
        self._peers[peer] = (max(0.0, left - 1), now)
        if len(self._peers) > PEERS:
            self._peers.popitem(last=False)
        return left >= 1

    def middleware(self) -> Middleware:
        """Return what stands before every handler: it refuses, and gives errors as JSON."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self.refusal(request)
            if refused is not None:
                return refused
            try:
                return await handler(request)
            except web.HTTPException as error:
                if error.status < 400:
                    raise
                return refuse(error.status, error.reason.lower())

        return guard


def refuse(status: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer that says in words why nothing is given."""
    answer = web.json_response({"error": why}, status=status, headers=headers)
    if status in (413, 429):
        answer.force_close()
    return answer


async def add_headers(_: web.Request, answer: web.StreamResponse) -> None:
    """Add the headers that every answer has."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
