"""How gunicorn runs the gateway: what it does not start with."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
GUNICORN = Path(sys.executable).with_name("gunicorn")


def test_settings_that_cannot_be_used_end_it_with_a_sentence(pem: str, tmp_path: Path) -> None:
    for env, said in (
        ({"TOKEN_PUBLIC_KEYS": str(tmp_path / "absent.pem")}, "absent.pem can't be read"),
        ({"TOKEN_PUBLIC_KEYS": pem.replace("A", "B")}, "TOKEN_PUBLIC_KEYS"),
        ({"TOKEN_PUBLIC_KEYS": pem, "FILES_URL": "ftp://nowhere"}, "FILES_URL"),
    ):
        ended = subprocess.run(
            [GUNICORN],
            cwd=HERE,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
        assert said in ended.stderr
