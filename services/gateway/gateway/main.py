"""One gunicorn worker: made when the worker loads `app`, started when it is ready."""

import os
from pathlib import Path

import gevent
from kit.config import load
from kit.observe import get_logger, start_observing
from kit.rpc import RpcClient

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.turnstile import Turnstile
from gateway.wiring import Gateway
from gateway.worker import Worker

log = get_logger(__name__)
RECEIPTS_SECONDS = 1.0

_settings = load(Path("config.yml"), GatewaySettings)
start_observing(
    "gateway",
    _settings.LOG_LEVEL,
    _settings.LOG_FORMAT,
    traces_url=_settings.TRACES_URL,
    traces_sample=_settings.TRACES_SAMPLE,
)
_rpc = RpcClient(_settings.AMQP_URI, f"gateway-{os.getpid()}")
_gateway = Gateway(_settings, _rpc)
app = create_app(_gateway)
app.wsgi_app = Turnstile(app.wsgi_app, _settings.REQUESTS_AT_ONCE)


def start(worker: Worker) -> None:
    """Starts what runs beside the requests. If one of these ends, the worker ends with it: deaf or
    mute, and still taking requests, it would be worse than gone."""

    def ended(greenlet: gevent.Greenlet) -> None:
        log.error("worker_ends", because=greenlet.name, problem=repr(greenlet.exception))
        worker.alive = False

    _rpc.start()
    step = _gateway.live.keep_in_step
    for name, run in (
        ("relay", _gateway.relay.run),
        ("saying", _gateway.relay.run_saying),
        ("pinger", lambda: _gateway.sockets.keep_pinging(_settings.HEARTBEAT_SECONDS)),
        ("peers", lambda: _gateway.peers.keep_telling(_gateway.relay.say, _count_sockets)),
        ("receipts", _pass_on_receipts),
        ("in_step", lambda: step(_settings.RESYNC_SECONDS, _gateway.relay.reconnected)),
    ):
        greenlet = gevent.spawn(run)
        greenlet.name = name
        greenlet.link(ended)
    gevent.spawn(_drain_at_end, worker)


def _count_sockets() -> int:
    return len(_gateway.sockets.all())


def _pass_on_receipts() -> None:
    while True:
        gevent.sleep(RECEIPTS_SECONDS)
        _gateway.receipts.pass_on()


def _drain_at_end(worker: Worker) -> None:
    while worker.alive:  # no hook is called on SIGTERM in a gevent worker
        gevent.sleep(0.1)
    _gateway.sockets.drain(_settings.DRAIN_SECONDS)
    worker.let_go()
