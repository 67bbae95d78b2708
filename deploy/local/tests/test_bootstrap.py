import importlib.machinery
import importlib.util
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

NAME = "uv-0.13.9-py3-none-any.whl"


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The script, with a package index of one wheel whose links are relative."""
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-0.13.9.data/scripts/uv", "#!/bin/sh\necho uv 0.13.9\n")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / NAME).write_bytes(wheel.getvalue())
    (tmp_path / "simple" / "uv").mkdir(parents=True)
    (tmp_path / "simple" / "uv" / "index.html").write_text(
        f'<a href="../../files/{NAME}#sha256=0">{NAME}</a>'
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = str(Path(__file__).parents[1] / "bootstrap")
    loader = importlib.machinery.SourceFileLoader("bootstrap", path)
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setitem(
        module.WHEELS, module.platform.machine(), (NAME, sha256(wheel.getvalue()).hexdigest())
    )
    yield module
    server.shutdown()
    server.server_close()


def test_the_pinned_uv_comes_from_the_index(bootstrap: ModuleType, tmp_path: Path) -> None:
    uv = bootstrap.fetched_uv(tmp_path / "bin" / "uv")
    assert bootstrap.enough(uv)


def test_a_uv_with_another_checksum_is_not_installed(bootstrap: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "files" / NAME).write_bytes(b"something else")
    with pytest.raises(SystemExit, match="checksum"):
        bootstrap.fetched_uv(tmp_path / "bin" / "uv")
    assert not (tmp_path / "bin" / "uv").exists()


@pytest.mark.parametrize(("said", "is_enough"), [("0.13.9", True), ("1.0.0", True), ("0.9.30", False)])
def test_a_uv_on_the_path_must_be_new_enough(
    bootstrap: ModuleType, tmp_path: Path, said: str, is_enough: bool
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho uv {said}\n")
    uv.chmod(0o755)
    assert bootstrap.enough(str(uv)) is is_enough
