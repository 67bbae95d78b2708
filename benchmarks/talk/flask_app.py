"""The application that a team would write without Bchat: Flask-SocketIO, RabbitMQ between its processes, and
a row in PostgreSQL for each message, committed before it is confirmed."""
# ruff: noqa: E402  gevent patches what the rest imports

import os
from typing import Any

from gevent import monkey

monkey.patch_all()

import psycopg2
import psycopg2.extensions
from flask import Flask
from flask_socketio import SocketIO, join_room
from gevent.queue import Queue
from gevent.socket import wait_read, wait_write


def wait(connection: Any) -> None:
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        (wait_read if state == psycopg2.extensions.POLL_READ else wait_write)(connection.fileno())


psycopg2.extensions.set_wait_callback(wait)

app = Flask(__name__)
socketio = SocketIO(app, async_mode="gevent", manage_session=False, message_queue=os.environ["AMQP_URI"])
connections: Queue = Queue()


@socketio.on("enter")
def enter(rooms: list[int]) -> bool:
    for room in rooms:
        join_room(str(room))
    return True


@socketio.on("say")
def say(message: dict[str, Any]) -> str:
    connection = connections.get()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO messages (room, text) VALUES (%(room)s, %(text)s)", message)
    finally:
        connections.put(connection)
    socketio.emit("entry", message["text"], to=str(message["room"]))
    return str(message["text"])


if __name__ == "__main__":
    for number in range(10):
        made = psycopg2.connect(os.environ["DATABASE_DSN"])
        if not number:
            with made, made.cursor() as first:
                first.execute(
                    "CREATE TABLE messages (id bigserial PRIMARY KEY, room int, text text, "
                    "at timestamptz DEFAULT now())"
                )
        connections.put(made)
    socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]))
