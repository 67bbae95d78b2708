"""Each service has a user of the broker of its own, with only its rights."""

from collections.abc import Callable
from urllib.parse import urlsplit

import amqp
import pytest
from amqp.exceptions import AccessRefused
from stack import Stack

Channel = amqp.Channel


@pytest.fixture
def as_chat(stack: Stack) -> Callable[[Callable[[Channel], object]], None]:
    uri = urlsplit(stack.env["CHAT_AMQP_URI"])

    def act(what: Callable[[Channel], object]) -> None:
        # A refusal closes the channel, so each act has its own.
        with (
            amqp.Connection(
                f"{uri.hostname}:{uri.port}", userid=uri.username, password=uri.password, confirm_publish=True
            ) as connection,
            connection.channel() as channel,
        ):
            what(channel)

    return act


def said(key: str) -> Callable[[Channel], object]:
    return lambda channel: channel.basic_publish(amqp.Message("{}"), "events", key)


def asked(key: str) -> Callable[[Channel], object]:
    return lambda channel: channel.basic_publish(amqp.Message("{}"), "nameko-rpc", key)


def test_a_service_can_neither_read_nor_take_the_place_of_another(
    as_chat: Callable[[Callable[[Channel], object]], None],
) -> None:
    as_chat(said("chat.tried.v1"))
    as_chat(asked("groups.nothing"))
    for refused in (
        lambda channel: channel.basic_get("hear-groups"),
        lambda channel: channel.basic_consume("rpc-auth"),
        lambda channel: channel.queue_purge("dead-news"),
        lambda channel: channel.queue_delete("hear-reports"),
        lambda channel: channel.queue_declare("chat-of-my-own"),
        lambda channel: channel.queue_bind("rpc-chat", "nameko-rpc", "auth.*"),
        lambda channel: channel.exchange_delete("gateways"),
        said("auth.permissions_changed.v1"),
        asked("auth.enrol"),
    ):
        with pytest.raises(AccessRefused):
            as_chat(refused)
