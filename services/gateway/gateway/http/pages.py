"""What is not the API: the web client, BokehJS, the documents of the API, probes."""

from functools import cache
from pathlib import Path
from typing import Any

import bokeh
import yaml
from apiflask import APIFlask
from flask import Blueprint, Response, render_template
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.exceptions import NotFound

from gateway import VERSION
from gateway.http.base import PREFIX, answer
from gateway.http.files import ASK_AGAIN, IMMUTABLE, Files
from gateway.processes import Workers
from gateway.wiring import gateway

HERE = Path(__file__).parent.parent
BOKEH = Path(bokeh.__file__).parent / "server" / "static" / "js"
BOKEH_URL = f"/static/bokeh/{bokeh.__version__}/bokeh.min.js"
SCRIPTS = Files(BOKEH)


@cache
def asyncapi() -> dict[str, Any]:
    """The document of the websocket and the broker, written by hand but for the version."""
    document: dict[str, Any] = yaml.safe_load((HERE / "asyncapi.yml").read_text())
    document["info"]["version"] = VERSION
    return document


def install(app: APIFlask, client: str) -> None:
    """
    Args:
        client: the folder of the built web client; empty where there is none.
    """
    pages = Blueprint("pages", __name__)
    SCRIPTS.get("bokeh.min.js")  # compressed now, not in somebody's request

    @pages.get(BOKEH_URL)
    def bokeh_js() -> Response:
        return SCRIPTS.answer("bokeh.min.js", IMMUTABLE)

    @pages.get(f"{PREFIX}/client-config")
    def client_config() -> Response:
        settings = gateway().settings
        tiles = {
            "url": settings.TILES_URL,
            "attribution": settings.TILES_ATTRIBUTION,
            "max_zoom": settings.TILES_MAX_ZOOM,
        }
        return answer(
            {
                "version": VERSION,
                "bokeh": {"url": BOKEH_URL, "version": bokeh.__version__},
                "tiles": tiles if settings.TILES_URL else None,
            }
        )

    @pages.get(f"{PREFIX}/asyncapi.json")
    def asyncapi_document() -> Response:
        return answer(asyncapi())

    @pages.get(f"{PREFIX}/docs")
    def docs() -> Response:
        document: dict[str, Any] = app._get_spec("json")
        return Response(render_template("docs.html", api=document, asyncapi=asyncapi()))

    @pages.get("/healthz")
    def alive() -> Response:
        return answer({"status": "ok"})

    @pages.get("/readyz")
    def ready() -> Response:
        failed = {}
        for name, check in (("relay", gateway().relay.check), ("rpc", gateway().backend.check)):
            try:
                check()
            except Exception as problem:
                failed[name] = str(problem)
        if not gateway().tokens.ready:
            failed["sessions"] = "which sessions have ended is not known yet"
        if gateway().sockets.draining:
            failed["draining"] = "this worker is going away"
        return answer({"status": "unready" if failed else "ok", "failed": failed}, 503 if failed else 200)

    @pages.get("/metrics")
    def metrics() -> Response:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(Workers())
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    if client:
        files = Files(Path(client).resolve())

        @pages.get("/", defaults={"name": "index.html"})
        @pages.get("/<path:name>")
        def client_file(name: str) -> Response:
            """A file of the client; any other address that could be one of its pages is its index."""
            if files.get(name):
                return files.answer(name, IMMUTABLE if name.startswith("assets/") else ASK_AGAIN)
            if name.startswith(("api/", "static/", "assets/")) or "." in name.rpartition("/")[2]:
                raise NotFound
            return files.answer("index.html", ASK_AGAIN)

    app.register_blueprint(pages)
