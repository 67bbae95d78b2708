"""How the work goes is told: jobs that wait, sources that are behind."""

from datetime import timedelta
from typing import Any

import pytest
from kit.caller import Caller
from kit.clock import now
from kit.testing import staff
from prometheus_client import REGISTRY
from reports import condition
from reports.acquire.sources import Source
from reports.condition import Loads
from reports.models import Load

HOUSE = Source(name="house", kind="generic", uri="none://", title="House", schedule="0 * * * *")


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"bchat_reports_{name}", labels)


def measured(house: Any) -> list[str]:
    """The troubles of the source, with the gauges brought up to date."""
    service = house.service(staff(None, "administrator"))
    service.measure_work()
    [source] = service.sources()["items"]
    found: list[str] = source["troubles"]
    return found


def test_jobs_and_sources_are_counted(house: Any, erp: Any, seller: Caller) -> None:
    assert measured(house) == ["never_read"]
    assert gauge("source_age_seconds", source="house") == float("inf")

    erp.company()
    house.service(seller).request(type="sales", period="2026")
    waiting = {queue["name"]: queue for queue in house.service(staff()).work()}
    assert (waiting["loads"]["queued"], waiting["reports"]["queued"]) == (1, 1)
    assert waiting["reports"]["oldest_seconds"] >= 0
    measured(house)
    assert gauge("jobs", kind="reports", state="queued") == 1

    house.work()
    assert measured(house) == []
    assert gauge("jobs", kind="reports", state="queued") == 0
    assert 0 <= (gauge("source_age_seconds", source="house") or -1) < 3600


def test_a_source_has_failed_until_a_load_goes_well(house: Any, erp: Any) -> None:
    erp.company()
    keeper = house.service(staff(None, "administrator"))
    keeper.acquire(name="house")
    house.work()
    erp.run("ALTER TABLE rpt.company RENAME COLUMN name TO title")
    try:
        keeper.acquire(name="house")
        house.work()
        assert measured(house) == ["failed"]
        assert gauge("source_failed", source="house") == 1
        keeper.acquire(name="house")
        assert measured(house) == ["failed"], "the next load has only been queued"
    finally:
        erp.run("ALTER TABLE rpt.company RENAME COLUMN title TO name")
    house.work()
    assert measured(house) == []
    assert gauge("source_failed", source="house") == 0


@pytest.mark.parametrize(("hours", "overdue"), [(0, False), (3, True)])
def test_a_source_is_overdue_when_a_time_of_its_schedule_has_gone_by(hours: int, overdue: bool) -> None:
    load = Load(status="ready", as_of=now() - timedelta(hours=hours), finished_at=now())
    troubles = condition.troubles(HOUSE, Loads(load, load, load), late=3600)
    assert troubles == (["overdue"] if overdue else [])
    unscheduled = HOUSE.model_copy(update={"schedule": None})
    assert condition.troubles(unscheduled, Loads(load, load, load), late=60) == []


def test_checks_that_do_not_agree_are_a_trouble() -> None:
    load = Load(status="ready", as_of=now(), finished_at=now(), checks=[{"agrees": True}, {"agrees": False}])
    assert condition.troubles(HOUSE, Loads(load, load, load), late=3600) == ["mismatched"]
