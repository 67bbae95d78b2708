"""The websocket's address."""

from typing import Any

import gevent
from flask import Blueprint, Flask, Response, request
from kit.errors import Unavailable

from gateway.http.base import PREFIX, address
from gateway.sockets import Bucket, Socket, shake_hands
from gateway.talk import Talk
from gateway.wiring import gateway


class Handled(Response):
    """Tells gunicorn's loop that the connection was ours and is over."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise StopIteration


def install(app: Flask) -> None:
    blueprint = Blueprint("ws", __name__)
    blueprint.add_url_rule(f"{PREFIX}/ws", "ws", serve)
    app.register_blueprint(blueprint)


def serve() -> Response:
    """A client's socket, from the handshake to the end."""
    parts = gateway()
    settings = parts.settings
    hello = shake_hands(request, parts.origins, parts.sockets.draining)
    if "gunicorn.socket" not in request.environ:
        raise Unavailable("no_sockets_here", "This server does not do websockets.")
    sock = request.environ["gunicorn.socket"]
    with gevent.Timeout(settings.HELLO_SECONDS, False):
        sock.sendall(hello)
    bucket = Bucket(settings.SOCKET_FRAMES_PER_SECOND, settings.SOCKET_FRAMES_BURST)
    socket = Socket(sock, settings.SOCKET_BACKLOG_BYTES, settings.IDLE_SECONDS, bucket)
    talk = Talk(socket, parts.partners, address())
    parts.sockets.add(socket)
    try:
        socket.read(talk.hear, settings.HELLO_SECONDS)
    finally:
        parts.sockets.remove(socket)
        talk.end()
    return Handled(status=101)
