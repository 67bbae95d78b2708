import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the demo is run as scripts, not installed


@pytest.fixture
def empty_uri() -> Iterator[Callable[[], str]]:
    """Names databases that do not exist yet, and drops them afterwards."""
    server = re.sub(r"^postgresql\+\w+:", "postgresql:", os.environ["TEST_DATABASE_URI"])
    names: list[str] = []

    def uri() -> str:
        names.append(f"demo_{uuid4().hex[:12]}")
        return f"{server.rpartition('/')[0]}/{names[-1]}"

    yield uri
    db = psycopg2.connect(server)
    db.autocommit = True
    with db.cursor() as cursor:
        for name in names:
            cursor.execute(f"drop database if exists {name} with (force)")
    db.close()
