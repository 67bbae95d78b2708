"""The websocket's address."""

from typing import Any

from flask import Blueprint, Flask, Response, request
from kit.errors import Unavailable
from kit.observe import get_logger

from gateway.http.base import PREFIX, address
from gateway.sockets import Bucket, Socket, shake_hands
from gateway.talk import Talk
from gateway.wiring import Gateway, gateway

log = get_logger(__name__)

PATH = f"{PREFIX}/ws"


class Handled(Response):
    """Tells gunicorn's loop that the connection was ours and is over."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise StopIteration


def install(app: Flask) -> None:
    blueprint = Blueprint("ws", __name__)
    for websocket in (True, False):  # a rule is for one of the two, and who is wrong here is told so
        blueprint.add_url_rule(PATH, "ws", serve, websocket=websocket)
    app.register_blueprint(blueprint)


def serve() -> Response:
    """A client's socket, from the handshake to the end."""
    parts = gateway()
    parts.sockets.check()
    parts.tokens.check()  # else a hello could only be refused
    welcome = shake_hands(request, parts.origins)
    if "gunicorn.socket" not in request.environ:
        raise Unavailable("no_sockets_here", "This server does not do websockets.")
    sock = request.environ["gunicorn.socket"]
    sock.sendall(welcome)
    converse(parts, sock, address())
    return Handled(status=101)


def converse(parts: Gateway, sock: Any, address: str | None) -> None:
    """Talks with a client until it is gone."""
    settings = parts.settings
    bucket = Bucket(settings.SOCKET_FRAMES_PER_SECOND, settings.SOCKET_FRAMES_BURST)
    socket = Socket(sock, settings.SOCKET_BACKLOG_BYTES, settings.IDLE_SECONDS, bucket)
    talk = Talk(socket, parts.partners, address)
    parts.sockets.add(socket)
    try:
        socket.read(talk.hear, settings.HELLO_SECONDS)
    except Exception:
        log.exception("socket_failed")  # not to Flask: it would write an HTTP answer into the socket
    finally:
        parts.sockets.remove(socket)
        talk.end()
