"""Whatever is asked, fitting or not, the answer is one that the OpenAPI document tells of."""

import pytest
import schemathesis
from client import Person, Someone, new_id
from documents import Documents
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from stack import Stack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
# Calls that would end the session or rights of who asks.
EXAMPLES = 10
LEFT_OUT = r"/auth/|/me/password|/me/sessions"


@pytest.fixture(scope="session")
def tester(someone: Someone) -> Person:
    return someone(permissions=("administrator",))


@pytest.fixture(scope="session")
def ids(tester: Person) -> dict[str, str]:
    """One of each kind that there is, so that not all answers are 404."""
    group = tester.post("/groups", {"name": "Anything", "catalogue": "chat"})
    article = tester.post("/news", {"title": "Anything", "body": "At all.", "audience": "staff"})
    share = tester.post(f"/groups/{group['id']}/shares", {"minutes": 60})
    return {
        "group_id": group["id"],
        "news_id": article["id"],
        "share_id": share["id"],
        "user_id": tester.id,
        "name": "company",
    }


def test_every_answer_is_as_the_document_says(
    stack: Stack, documents: Documents, tester: Person, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    schema = schemathesis.openapi.from_dict(documents.openapi).exclude(path_regex=LEFT_OUT)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            for name in set(case.path_parameters or {}) & ids.keys():
                case.path_parameters[name] = ids[name]
            headers = {"Authorization": f"Bearer {tester.token}", "Idempotency-Key": new_id()}
            case.call_and_validate(base_url=stack.url, headers=headers, checks=CHECKS, timeout=30)

        with subtests.test(operation.label):
            ask()
