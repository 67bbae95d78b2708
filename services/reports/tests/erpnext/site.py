"""A site of ERPNext, as far as our queries look: its tables, and what submitting a document writes."""

# ruff: noqa: N817  amounts are written often

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

HERE = Path(__file__).parent
COLUMNS = {
    "Check": "tinyint NOT NULL DEFAULT 0",
    "Currency": "decimal(21,9) NOT NULL DEFAULT 0",
    "Float": "decimal(21,9) NOT NULL DEFAULT 0",
    "Percent": "decimal(21,9) NOT NULL DEFAULT 0",
    "Date": "date",
    "Datetime": "datetime(6)",
    "Text": "text",
}
EVERY = (
    "name varchar(140) PRIMARY KEY, creation datetime(6), modified datetime(6), owner varchar(140),"
    " docstatus tinyint NOT NULL DEFAULT 0, parent varchar(140), parenttype varchar(140)"
)
LEDGERS = {"Debtors": ("Receivable", 1), "Creditors": ("Payable", -1)}


def tables() -> Iterator[str]:
    for doctype, fields in re.findall(r"^([\w ]+): (.+)$", (HERE / "doctypes.txt").read_text(), re.MULTILINE):
        columns = [
            f"`{name}` {COLUMNS.get(type, 'varchar(140)')}"
            for name, type in re.findall(r"(\w+)=(\w+(?: Link)?)(?= \w+=|$)", fields)
        ]
        yield f"CREATE TABLE `tab{doctype}` ({EVERY}, {', '.join(columns)}) CHARSET utf8mb4"


class Site:
    """Writes what ERPNext writes. Its clock moves on with every document."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection, self.numbers = connection, count(1)
        self.clock = datetime(2026, 1, 1, 9, tzinfo=UTC)

    def enter(self) -> None:
        """All that is in documents.txt."""
        for line in (HERE / "documents.txt").read_text().splitlines():
            if line.startswith("> "):
                self.post(line.removeprefix("> "))
            elif line and not line.startswith("#"):
                doctype, _, rest = line.partition(":")
                words = shlex.split(rest)
                name = words.pop(0) if words and "=" not in words[0] else None
                self.put(doctype, name, **dict(word.split("=", 1) for word in words))

    def put(self, doctype: str, name: str | None = None, **fields: Any) -> None:
        self.clock += timedelta(minutes=90)
        row = {
            "name": name or f"{doctype}-{next(self.numbers):05}",
            "modified": self.clock.replace(tzinfo=None),
            "owner": "me@loom.example",
            "docstatus": 1,
            **fields,
        }
        names, marks = ", ".join(f"`{name}`" for name in row), ", ".join(f":{name}" for name in row)
        self.connection.execute(sa.text(f"INSERT INTO `tab{doctype}` ({names}) VALUES ({marks})"), row)

    def post(self, text: str) -> None:
        """The entries of a voucher; those of debtors and creditors are in the payment ledger too."""
        voucher, number, day, *words = shlex.split(text)
        options, lines = words[: words.index(":")], words[words.index(":") + 1 :]
        asked = dict(word.split("=", 1) for word in options)
        party_type, _, party = asked.get("party", "").partition("/")
        against_type, _, against = asked.get("against", f"{voucher}/{number}").partition("/")
        for name, value in (line.split("=") for line in lines):
            kind, sign = LEDGERS.get(name, (None, 0))
            amount = D(value)
            other = round(amount / D(asked.get("rate", "1")), 2) if kind else amount
            common = {
                "company": "Loom",
                "posting_date": day,
                "account": f"{name} - Loom",
                "voucher_type": voucher,
                "voucher_no": number,
                "account_currency": asked.get("currency", "GBP") if kind else "GBP",
                **({"party_type": party_type, "party": party} if kind else {}),
            }
            self.put(
                "GL Entry",
                **common,
                debit=max(amount, D(0)),
                credit=max(-amount, D(0)),
                debit_in_account_currency=max(other, D(0)),
                credit_in_account_currency=max(-other, D(0)),
            )
            if kind:
                self.put(
                    "Payment Ledger Entry",
                    **common,
                    account_type=kind,
                    due_date=asked.get("due"),
                    amount=sign * amount,
                    amount_in_account_currency=sign * other,
                    against_voucher_type=against_type,
                    against_voucher_no=against,
                )

    def cancel(self, voucher: str, number: str) -> None:
        """As ERPNext does: the document, its entries, and what they settled, are no more."""
        self.clock += timedelta(minutes=90)
        of_it = {"type": voucher, "no": number, "now": self.clock.replace(tzinfo=None)}
        where = "modified = :now WHERE voucher_type = :type AND voucher_no = :no"
        for statement in (
            f"UPDATE `tab{voucher}` SET docstatus = 2, modified = :now WHERE name = :no",
            f"UPDATE `tabGL Entry` SET is_cancelled = 1, {where}",
            f"UPDATE `tabPayment Ledger Entry` SET delinked = 1, {where}",
        ):
            self.connection.execute(sa.text(statement), of_it)
