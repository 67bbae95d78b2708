"""How gunicorn runs the gateway: `gunicorn` in this folder is the whole command."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# Before anything imports prometheus_client, which looks once. A folder of this master's own, empty.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="bchat-gateway-metrics-")

from gateway.settings import GatewaySettings
from kit.config import ConfigError, load

try:
    _settings = load(Path("config.yml"), GatewaySettings)
except ConfigError as problem:
    print(problem, file=sys.stderr)  # noqa: T201
    sys.exit(2)

wsgi_app = "gateway.main:app"
bind = f"{_settings.HOST}:{_settings.PORT}"
workers = _settings.WORKERS
worker_class = "gateway.worker.Worker"
worker_connections = _settings.WORKER_CONNECTIONS
# Long enough for the drain and for what is being answered meanwhile.
graceful_timeout = int(_settings.DRAIN_SECONDS) + 10
timeout = 30
keepalive = _settings.KEEP_ALIVE_SECONDS
limit_request_line = 8190
control_socket_disable = True
accesslog = None
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    from gateway.main import start

    start(worker)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
