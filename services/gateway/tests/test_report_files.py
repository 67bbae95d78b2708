"""A report in other forms: asked of the service that owns it, waited for, streamed from the store."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from gateway.http import reports
from gateway.wiring import Gateway
from kit.errors import Forbidden, NotFound

NAME = "Sales · 「報表」 a/b.pdf"
READY = {"status": "ready", "key": "reports/r-1/a4-pdf", "size": 5, "etag": "e1", "name": NAME}
READY |= {"content_type": "application/pdf"}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    monkeypatch.setattr(reports, "FILE_PAUSES", (0.01, 0.01))
    patient = gateway.settings.model_copy(update={"FILE_WAIT_SECONDS": 0.5})
    monkeypatch.setattr(gateway, "settings", patient)
    gateway.files.put(READY["key"], b"%PDF-")


def test_a_file_is_waited_for_and_streamed(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    queued = iter([{"status": "queued"}, {"status": "queued"}])
    services.answers("reports.file", lambda **_: next(queued, READY))
    response = http.get("/api/v1/reports/r-1.pdf?paper=letter", headers=signed_in)
    assert (response.status_code, response.data, response.mimetype) == (200, b"%PDF-", "application/pdf")
    assert len(services.asked) == 3
    assert services.asked[0][2] == {"report_id": "r-1", "wanted": {"form": "pdf", "paper": "letter"}}
    headers = response.headers
    assert "filename*=UTF-8''Sales%20%C2%B7%20%E3%80%8C%E5%A0%B1" in headers["Content-Disposition"]
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"
    again = http.get("/api/v1/reports/r-1.pdf", headers={**signed_in, "If-None-Match": headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_takes_too_long_is_to_be_asked_for_again(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("reports.file", {"status": "queued"})
    response = http.get("/api/v1/reports/r-1.xlsx", headers=signed_in)
    assert (response.status_code, response.get_json()["code"]) == (503, "file_not_ready")
    assert int(response.headers["Retry-After"]) > 0


def test_who_may_not_see_the_report_gets_no_file_of_it(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    for refusal, status in (
        (NotFound("report_not_found", "No."), 404),
        (Forbidden("permission_required", "No."), 403),
    ):
        services.answers("reports.file", refusal)
        for form in ("png", "svg", "pdf", "csv", "xlsx"):
            response = http.get(f"/api/v1/reports/r-1.{form}", headers=signed_in)
            assert (response.status_code, response.get_json()["code"]) == (status, refusal.code)
    assert http.get("/api/v1/reports/r-1.pdf").status_code == 401


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("png", {"form": "png", "width": 720, "theme": "light", "scale": 2}),
        (
            "png?chart=revenue&width=360&theme=dark&scale=3",
            {"form": "png", "chart": "revenue", "width": 360, "theme": "dark", "scale": 3},
        ),
        ("svg", {"form": "svg", "width": 720, "theme": "light"}),
        ("pdf", {"form": "pdf", "paper": "a4"}),
        ("csv?table=products", {"form": "csv", "table": "products"}),
        ("xlsx", {"form": "xlsx"}),
    ],
)
def test_each_form_has_its_choices(
    http: FlaskClient, services: Any, signed_in: dict[str, str], path: str, wanted: dict[str, Any]
) -> None:
    services.answers("reports.file", READY)
    assert http.get(f"/api/v1/reports/r-1.{path}", headers=signed_in).status_code == 200
    assert services.asked[-1][2]["wanted"] == wanted


@pytest.mark.parametrize(
    "path", ["png?width=719", "png?width=999999", "png?scale=9", "pdf?paper=a0", "svg?theme=x"]
)
def test_other_choices_are_refused(
    http: FlaskClient, services: Any, signed_in: dict[str, str], path: str
) -> None:
    response = http.get(f"/api/v1/reports/r-1.{path}", headers=signed_in)
    assert (response.status_code, services.asked) == (422, [])
