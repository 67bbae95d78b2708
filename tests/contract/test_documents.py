"""The documents are valid, and say what the protocol says."""

import re

import requests
from documents import Documents
from openapi_spec_validator import validate
from stack import Stack

CALLS = """\
POST /auth/login
POST /auth/refresh
POST /auth/logout
GET /me
PATCH /me
PUT /me/avatar
DELETE /me/avatar
POST /me/password
GET /me/sessions
DELETE /me/sessions
DELETE /me/sessions/{}
GET /users
POST /users
GET /users/{}
PATCH /users/{}
GET /users/{}/avatar
GET /permissions
GET /groups
POST /groups
GET /groups/{}
PATCH /groups/{}
POST /groups/{}/join
POST /groups/{}/leave
POST /groups/{}/end
PUT /groups/{}/task
GET /groups/{}/members
PUT /groups/{}/members/{}
DELETE /groups/{}/members/{}
GET /admin/groups
GET /admin/groups/{}/members
PUT /admin/groups/{}/owner
POST /admin/groups/{}/end
DELETE /admin/groups/{}/members/{}
POST /groups/{}/invites
GET /groups/{}/invites
DELETE /groups/{}/invites/{}
GET /invites/{}
POST /invites/{}/accept
GET /groups/{}/timeline
POST /groups/{}/messages
PATCH /groups/{}/messages/{}
DELETE /groups/{}/messages/{}
GET /groups/{}/messages/{}/versions
GET /groups/{}/export
GET /search
POST /attachments
GET /attachments/{}
GET /attachments/{}/thumbnail
DELETE /attachments/{}
PUT /groups/{}/mute
DELETE /groups/{}/mute
GET /groups/{}/messages/{}/receipts
GET /push
GET /devices
PUT /devices/{}
DELETE /devices/{}
POST /receipts
GET /pushes/{}/picture
PUT /groups/{}/read
GET /groups/{}/reads
POST /groups/{}/positions
GET /groups/{}/positions
POST /groups/{}/shares
GET /groups/{}/shares
GET /shares
DELETE /shares/{}
PUT /shares/{}/position
GET /groups/{}/appointments
POST /groups/{}/appointments
GET /appointments/{}
PATCH /appointments/{}
DELETE /appointments/{}
PUT /appointments/{}/occurrences/{}
DELETE /appointments/{}/occurrences/{}
GET /calendar
GET /calendar/token
POST /calendar/token
DELETE /calendar/token
GET /calendar/{}.ics
GET /news
POST /news
GET /news/{}
PATCH /news/{}
DELETE /news/{}
PUT /news/{}/read
GET /news/{}/reads
PUT /news/{}/picture
GET /news/{}/picture
DELETE /news/{}/picture
GET /reports/types
POST /reports
GET /reports/{}
GET /reports/{}/rows
GET /subscriptions
POST /subscriptions
POST /subscriptions/preview
GET /subscriptions/countries
GET /subscriptions/{}
GET /subscriptions/{}/runs
GET /alerts
GET /alerts/{}
POST /alerts/{}/acknowledge
POST /reports/{}/recompute
GET /reports/{}/readers
GET /customers/{}/parties
PUT /customers/{}/parties/{}
DELETE /customers/{}/parties/{}
PATCH /subscriptions/{}
DELETE /subscriptions/{}
POST /subscriptions/{}/run
GET /sources
GET /sources/{}/loads
POST /sources/{}/acquire
POST /hooks/{}
""".splitlines()


def test_the_openapi_document_is_valid_and_has_every_call_of_the_protocol(documents: Documents) -> None:
    validate(documents.openapi)
    told = {f"{method} {re.sub(r'{[^}]+}', '{}', path)}" for method, _, path, _ in documents.operations}
    missing = [call for call in CALLS if call.replace(" ", " /api/v1") not in told]
    assert missing == []


def test_the_asyncapi_document_has_every_frame(documents: Documents) -> None:
    assert documents.asyncapi["asyncapi"].startswith("3.")
    assert {"hello", "send", "position", "read", "received", "typing", "ping"} <= documents.frames[
        "fromClient"
    ].keys()
    told = {"welcome", "entries", "entry", "ack", "error", "pong", "group", "group_gone"}
    told |= {
        "member",
        "user",
        "news",
        "news_gone",
        "report",
        "alert",
        "source",
        "calendar",
        "read",
        "muted",
        "typing",
        "position",
        "share",
    }
    assert told <= documents.frames["toClient"].keys()


def test_both_gateways_show_the_documents_and_their_health(stack: Stack) -> None:
    for url in stack.urls:
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/docs"):
            page = requests.get(url + path, timeout=30)
            assert page.status_code == 200, path
            assert page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
