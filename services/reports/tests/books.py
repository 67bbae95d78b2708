"""A ledger by hand: entries of a few accounts, in balance."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

ACCOUNTS = {
    "100": ("Bank", "asset", "cash"),
    "110": ("Till", "asset", "cash"),
    "120": ("Debtors", "asset", "receivable"),
    "130": ("Goods", "asset", "inventory"),
    "140": ("Machines", "asset", "fixed_asset"),
    "150": ("Prepaid", "asset", None),
    "200": ("Creditors", "liability", "payable"),
    "210": ("Tax owed", "liability", "tax"),
    "220": ("Loan", "liability", "finance"),
    "300": ("Capital", "equity", None),
    "400": ("Sales", "income", "revenue"),
    "410": ("Rent got", "income", None),
    "500": ("Goods sold", "expense", "cogs"),
    "510": ("Wages", "expense", "personnel"),
    "520": ("Office", "expense", None),
    "530": ("Wear", "expense", "depreciation"),
    "540": ("Interest", "expense", "finance"),
    "550": ("Income tax", "expense", "tax"),
}


def chart(facts: Any, company: str = "1") -> None:
    facts.put(
        "account",
        *(
            {
                "account_id": f"{company}-{code}",
                "company_id": company,
                "code": code,
                "name": name,
                "statement_line": None,
                "class": kind,
                "subtype": subtype,
            }
            for code, (name, kind, subtype) in ACCOUNTS.items()
        ),
    )


def entry(
    facts: Any,
    day: str,
    *lines: tuple[str, str],
    company: str = "1",
    journal: str = "general",
    closing: bool = False,
    text: str | None = None,
) -> None:
    """lines: (account's code, debit; credit is negative)."""
    move = f"{company} {day} {' '.join(code for code, _ in lines)}"
    facts.put(
        "gl_line",
        *(
            {
                "line_id": f"{move} {n}",
                "company_id": company,
                "move_id": move,
                "doc_no": f"J {day}",
                "date": date.fromisoformat(day),
                "account_id": f"{company}-{code}",
                "party_id": None,
                "amount": Decimal(amount),
                "currency": None,
                "amount_currency": None,
                "journal_type": journal,
                "is_closing": closing,
                "description": text,
                "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for n, (code, amount) in enumerate(lines)
        ),
    )
