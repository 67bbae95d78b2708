"""A whole Bchat with two of everything, and people in it."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from push import keys
from releases import Releases
from stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1] / "services" / "push" / "tests"))
sys.path.insert(2, str(Path(__file__).parent / "chaos"))
sys.path.insert(3, str(Path(__file__).parent / "load"))

from client import Connected, Device, Http, Person, Someone, newcomer, read_books
from collector import Collector
from documents import Documents
from standins import LocalFcm, LocalWebPush

VAPID = keys.make()
ROLLED = os.environ.get("ROLL", "").split()


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture(scope="session")
def fcm() -> Iterator[LocalFcm]:
    with LocalFcm() as made:
        yield made


@pytest.fixture(scope="session")
def browsers() -> Iterator[LocalWebPush]:
    """The push service of everybody's browsers."""
    with LocalWebPush(keys.public_key(VAPID)) as made:
        yield made


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector, fcm: LocalFcm, browsers: LocalWebPush
) -> Iterator[Stack]:
    settings = {
        "REFRESH_GRACE_SECONDS": "0",
        "HELLO_SECONDS": "3",
        "RPC_SECONDS": "20",  # the machine runs the other half of the tests beside it
        "NEWCOMERS_ADDRESS_LIMIT": "10",
        # Hundreds of people are made and signed in; auth's own tests have passwords as dear as they are.
        "ARGON2_MEMORY_KIB": "1024",
        "ARGON2_TIME": "1",
        "TRACES_URL": collector.url,
        # None of all there are, but those whose id a test has chosen to be among them.
        "TRACES_SAMPLE": "0.000001",
        "FCM_CREDENTIALS": str(fcm.credentials(tmp_path_factory.mktemp("fcm"))),
        "FCM_URL": fcm.base,
        "VAPID_PRIVATE_KEY": VAPID,
        "WEB_PUSH_ALSO": browsers.url,
        "PUSH_WAIT_SECONDS": "1",
        "PUSH_PAUSE_SECONDS": "1",
        "PUSH_PAUSE_MAX_SECONDS": "8",
        "LEASE_SECONDS": "15",
        "PUSH_ANSWER_SECONDS": "2",
    }
    releases = Releases()
    # What `make roll` rolls begins as the release before, or as a tree of its own of what is here.
    begun = {part: releases.checked_out(part, releases.before(part) or "HEAD") for part in ROLLED}
    with Stack(
        tmp_path_factory.mktemp("bchat"),
        gateways=2,
        replicas=2,
        company=True,
        settings=settings,
        releases=begun,
    ) as made:
        yield made


@pytest.fixture(scope="session")
def documents(stack: Stack) -> Documents:
    return Documents(stack.url)


@pytest.fixture(scope="session")
def admin(stack: Stack, documents: Documents) -> Person:
    Http.documents = documents
    return Person(stack.urls, stack.admin["username"], stack.admin["password"]).login()


@pytest.fixture(scope="session")
def someone(admin: Person) -> Someone:
    """Makes a person and signs them in: `someone(kind="customer", permissions=["reports:sales"])`."""
    return partial(newcomer, admin)


@pytest.fixture(scope="session")
def books(admin: Person) -> None:
    """The company's numbers are there to report on."""
    read_books(admin, 120)


@pytest.fixture
def connected() -> Iterator[Connected]:
    """Opens a device that is closed after the test, and found to have broken nothing."""
    made: list[Device] = []

    def connect(person: Person, **options: Any) -> Device:
        made.append(Device(person, **options))
        return made[-1]

    yield connect
    for device in made:
        device.leave()
    assert [device.broken for device in made] == [[] for _ in made]
