"""The services, asked in the platform's own name; and how a command ends that can't be done."""

import time
from collections.abc import Sequence
from typing import Any

import click
from amqp.exceptions import AMQPError
from kit import broker
from kit.errors import Refusal, Unavailable
from kit.rpc import RemoteFailure, RpcClient

ANSWER_SECONDS = 30.0
TRIES = 4


class Refused(click.ClickException):
    """A clear no, or a failure of the service: the same again would end the same.

    Args:
        errors: what is wrong, and where.
    """

    exit_code = 1

    def __init__(self, message: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        said = (": ".join([*map(str, error["loc"][-1:]), error["msg"]]) for error in errors)
        super().__init__("\n".join(said) or message)
        self.errors = errors


class Away(click.ClickException):
    """Nobody answered: try again."""

    exit_code = 3


class Services:
    """Connected when the first of them is asked.

    Args:
        amqp_uri: the broker.
    """

    def __init__(self, amqp_uri: str) -> None:
        self._amqp_uri = amqp_uri
        self._client: RpcClient | None = None

    @property
    def amqp_uri(self) -> str:
        """The broker, which answers.

        Raises:
            Away
        """
        if not self._amqp_uri.startswith(("amqp://", "amqps://")):
            raise click.UsageError("Name the broker in AMQP_URI: amqp://user:password@host:5672//")
        try:
            with broker.connect(self._amqp_uri) as connection:
                connection.connect()
        except (OSError, AMQPError, ValueError) as problem:
            raise Away(f"The broker that AMQP_URI names does not answer: {problem}") from None
        return self._amqp_uri

    def close(self) -> None:
        if self._client:
            self._client.stop()

    def ask(self, service: str, method: str, *, again: bool = True, **kwargs: Any) -> Any:
        """
        Args:
            again: whether it may be asked several times, for it may have been done where no answer came.

        Raises:
            Refused, Away
        """
        self._client = self._client or RpcClient(self.amqp_uri, "bchat-admin").start()
        tries = TRIES if again else 1
        for attempt in range(1, tries + 1):
            try:
                return self._client.call(service, method, timeout=ANSWER_SECONDS, **kwargs)
            except Unavailable as away:
                if attempt == tries:
                    raise Away(away.detail) from None
            except Refusal as refusal:
                raise Refused(refusal.detail, refusal.errors or ()) from None
            except RemoteFailure as failure:
                raise Refused(f"{failure}\nThe log of {service} says more.") from None
            time.sleep(broker.backoff(attempt, 0.5, 4.0))
        raise AssertionError("unreachable")
