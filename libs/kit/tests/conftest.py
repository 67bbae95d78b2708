"""The kit is tried with a service of its own, in `echo/`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.event import new_id
from kit.rpc import RpcClient
from kit.testing import required

HERE = Path(__file__).parent
os.environ["ECHO_NAME"] = "echo-" + new_id()[-12:]
sys.path[:0] = [str(HERE), str(HERE / "echo")]

from door import Door  # noqa: E402
from world import FOLDER, World  # noqa: E402


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return FOLDER / "config.yml"


@pytest.fixture(scope="session")
def amqp_uri() -> str:
    return required("TEST_AMQP_URI")


@pytest.fixture(scope="session")
def client(amqp_uri: str) -> Iterator[RpcClient]:
    made = RpcClient(amqp_uri, "test").start()
    yield made
    made.stop()


@pytest.fixture
def world(engine: sa.Engine, amqp_uri: str, client: RpcClient) -> Iterator[World]:
    made = World(engine, amqp_uri, client)
    yield made
    made.close()


@pytest.fixture
def door(amqp_uri: str) -> Iterator[Door]:
    with Door(amqp_uri) as made:
        yield made
