"""The player: it trades without upsetting the books, and outlives what it talks to."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg2
import pytest
from company import check, connect
from player import Trader

PLAYER = Path(__file__).parents[1] / "player.py"
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def test_the_books_balance_after_an_hour_of_trading(erp: str) -> None:
    trader = Trader(erp, Random(3))
    told = [line for _ in range(60) for line in trader.step()]
    trader.close()
    assert check(erp) == []
    with connect(erp) as db, db.cursor() as cursor:
        cursor.execute(
            "select count(*) from rpt.order_line where date = %s", (YESTERDAY + timedelta(days=1),)
        )
        assert cursor.fetchone() > (0,)
    assert {room for room, _, _ in told} >= {"Workshop and office"}
    assert all(text and "None" not in text for _, _, text in told)


def test_what_failed_is_read_again_from_the_books(erp: str) -> None:
    trader = Trader(erp, Random(3))
    trader.step()
    assert trader.db
    trader.db.close()
    with pytest.raises(psycopg2.Error):
        trader.step()
    trader.step()
    trader.close()
    assert check(erp) == []


def test_two_players_do_not_trade_at_once(erp: str) -> None:
    first, second = Trader(erp, Random(1)), Trader(erp, Random(2))
    first.step()
    with pytest.raises(psycopg2.OperationalError, match="another player"):
        second.step()
    first.close()
    second.step()
    second.close()


def test_it_waits_for_a_house_that_is_away_and_stops_when_told(erp: str) -> None:
    player = subprocess.Popen(
        [sys.executable, PLAYER],
        env={
            **os.environ,
            "ERP_DATABASE_URI": erp,
            "BCHAT_URL": "http://127.0.0.1:1",
            "BCHAT_PEOPLE_PASSWORD": "not needed here",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert player.stderr
        assert "waiting, then going on" in player.stderr.readline()
        assert player.poll() is None
        player.send_signal(signal.SIGTERM)
        assert player.wait(10) == 0
    finally:
        player.kill()
        player.communicate()
