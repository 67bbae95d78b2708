"""What the tests of the local run share."""

from collections.abc import Iterator

import pytest
from stack import Stack


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), services=False) as stack:
        yield stack
