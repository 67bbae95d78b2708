import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import clock
from kit.db import Transactions
from push import keys

sys.path.insert(0, str(Path(__file__).parent))

from push_house import VAPID, Clock, House
from standins import LocalFcm, LocalWebPush


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parents[1] / "config.yml"


@pytest.fixture
def fcm() -> Iterator[LocalFcm]:
    with LocalFcm() as made:
        yield made


@pytest.fixture
def web() -> Iterator[LocalWebPush]:
    with LocalWebPush(keys.public_key(VAPID)) as made:
        yield made


@pytest.fixture
def house(db: Transactions, fcm: LocalFcm, web: LocalWebPush, tmp_path: Path) -> House:
    return House(db, fcm, web, tmp_path)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", made.now)
    return made
