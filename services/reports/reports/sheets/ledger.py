"""The ledger report."""

from decimal import Decimal

from reports.analyse.keys import id_key
from reports.analyse.ledger import Balance, Ledger
from reports.analyse.measure import ZERO
from reports.analyse.scope import NOW
from reports.charts.form import Value
from reports.charts.lines import Line, Lines
from reports.charts.ranking import Bar, Ranks
from reports.charts.stacked import Stacked
from reports.sheets.sheet import Cell, Chart, Said, Sheet, Table, Writer, each

RATE = "Converted from {others} to {currency} at the rate of each entry's date."
JOURNALS = {
    "sale": "Sales",
    "purchase": "Purchases",
    "bank": "Bank",
    "cash": "Cash",
    "general": "General",
    "stock": "Stock",
}
SUBTYPES = {"cash": "Cash", "receivable": "Receivables", "inventory": "Inventory", "payable": "Payables"}


def sheet(ledger: Ledger, writer: Writer) -> Sheet:
    words, turnover, money = writer.words, ledger.turnover, writer.money
    empty = turnover.now.debit is None
    charts = []
    if not empty:
        charts.append(_journals(ledger, writer))
        if ledger.balances:
            charts.append(_balances(ledger, writer))
        if ledger.entries:
            charts.append(_entries(ledger, writer))
    notes = writer.notes(
        empty=words("There are no entries in this period.") if empty else None,
        covered=ledger.scope.compare in turnover.total,
        rate=RATE,
    )
    if ledger.total.closings or any(account.closings for account in ledger.accounts):
        notes.append(
            words(
                "Moves that close a year are shown apart in the trial balance, and are no part of debits,"
                " credits and movements."
            )
        )
    tables = [_trial_balance(ledger, writer), *_tables(ledger, writer)]
    if ledger.wrong:
        tables.append(_wrong(ledger, writer))
    return Sheet(
        title=[words("Ledger")],
        kpis=[
            writer.kpi(
                "debit",
                "Debits",
                money,
                each(turnover, lambda t: t.debit),
                words("Sum of all debit lines posted in the period. Without a filter it equals the credits."),
            ),
            writer.kpi(
                "credit",
                "Credits",
                money,
                each(turnover, lambda t: t.credit),
                words("Sum of all credit lines posted in the period. Without a filter it equals the debits."),
            ),
            writer.kpi(
                "entries",
                "Entries",
                "count",
                each(turnover, lambda t: t.count),
                words("Posted entries dated in the period; drafts never count."),
            ),
            writer.kpi(
                "unbalanced",
                "Unbalanced entries",
                "count",
                {NOW: None if empty else Decimal(ledger.unbalanced)},
                words("Entries of the period whose debits and credits differ. It should be zero."),
                "lower",
            ),
            writer.kpi(
                "unmapped",
                "Unmapped lines",
                "count",
                {NOW: None if empty else Decimal(ledger.unmapped)},
                words(
                    "Lines of the period on accounts that the source doesn't classify, and that no statement"
                    " can place. It should be zero."
                ),
                "lower",
            ),
        ],
        charts=charts,
        tables=tables,
        notes=notes,
    )


def _journals(ledger: Ledger, writer: Writer) -> Chart:
    words, points = writer.words, ledger.turnover.points
    slots = writer.slots(points)
    parts = writer.parts(ledger.journals, points, "without a journal", JOURNALS)
    form = Stacked(writer.money, slots, parts, words("Debits"))
    said = words(
        "{name} {span}: {total}",
        name=words("Debits"),
        span=words.span(ledger.scope.period.start, ledger.scope.known.end),
        total=words.short_money(ledger.turnover.now.debit or ZERO),
    )
    before = ledger.turnover.total.get(writer.scope.compare)
    said += writer.against(ledger.turnover.now.debit, before.debit if before else None)
    return Chart("journals", _journal_title(writer), said + words("."), form, "journals")


def _journal_title(writer: Writer) -> str:
    return writer.title_by_time("Movements by month and journal", "Movements by day and journal")


def _balance_lines(ledger: Ledger, writer: Writer) -> list[tuple[str, str, list[Value]]]:
    slots = writer.slots(ledger.turnover.points)
    return [
        (
            layer.key,
            writer.words.term(SUBTYPES.get(layer.name or "", layer.name or "")),
            [layer.values.get(slot.key) for slot in slots],
        )
        for layer in ledger.balances
    ]


def _balances(ledger: Ledger, writer: Writer) -> Chart:
    words, slots = writer.words, writer.slots(ledger.turnover.points)
    lines = [Line(*line) for line in _balance_lines(ledger, writer)]
    last = [
        f"{line.name} {words.short_money(value)}"
        for line in lines
        if (value := next((v for v in reversed(line.values) if v is not None), None)) is not None
    ]
    said = words("On {day}: {balances}.", day=words.day(ledger.scope.known.end), balances=", ".join(last))
    title = writer.title_by_time("Balances at the end of each month", "Balances at the end of each day")
    return Chart("balances", title, said, Lines(writer.money, slots, lines), "balances")


def _entry_name(doc_no: str | None, text: str | None) -> str:
    return " · ".join(filter(None, (doc_no, text)))


def _entries(ledger: Ledger, writer: Writer) -> Chart:
    words = writer.words
    data = [
        Bar(id_key(e.move_id), _entry_name(None, e.text or e.doc_no), e.debit, more=words.day(e.date))
        for e in ledger.entries
    ]
    first = ledger.entries[0]
    said = words(
        "The largest is {name} of {day} with {value}.",
        name=_entry_name(first.doc_no, first.text),
        day=words.day(first.date),
        value=words.short_money(first.debit),
    )
    form = Ranks(writer.money, data, words("Debits"))
    return Chart("entries", words("Largest entries"), said, form, "entries")


def _trial_balance(ledger: Ledger, writer: Writer) -> Table:
    words = writer.words
    closings = any(account.closings for account in ledger.accounts)

    def cells(b: Balance, code: str | None, name: str) -> list[Cell]:
        return [code, name, b.opening, b.debit, b.credit, *([b.closings] if closings else []), b.closing]

    rows: list[list[Cell]] = []
    keys: list[str | None] = []
    for account in ledger.accounts:
        if account.account_id is None:
            name = words("Results of earlier years that are not closed")
            rows.append(cells(account, None, name))
            keys.append(None)
        else:
            rows.append(cells(account, account.code, account.name or account.account_id))
            keys.append(id_key(account.account_id))
    return writer.table(
        "accounts",
        words("Trial balance"),
        [
            ("code", "Account", "text"),
            ("account", "Account name", "text"),
            ("opening", "Opening balance", "money"),
            ("debit", "Debit", "money"),
            ("credit", "Credit", "money"),
            *([("closings", "Year-end closing", "money")] if closings else []),
            ("closing", "Closing balance", "money"),
        ],
        rows,
        keys=keys,
        foot=cells(ledger.total, None, words("Total")) if rows else None,
        many=ledger.many,
    )


def _tables(ledger: Ledger, writer: Writer) -> list[Table]:
    words, points = writer.words, ledger.turnover.points
    slots = writer.slots(points)
    parts = writer.parts(ledger.journals, points, "without a journal", JOURNALS)
    by_journal: list[list[Cell]] = [
        [
            slot.name,
            *(part.values[n] for part in parts),
            p.now.debit if p.now else None,
            p.now.entries if p.now else None,
        ]
        for n, (p, slot) in enumerate(zip(points, slots, strict=True))
    ]
    lines = _balance_lines(ledger, writer)
    balances: list[list[Cell]] = [
        [slot.name, *(values[n] for _, _, values in lines)] for n, slot in enumerate(slots)
    ]
    entries: list[list[Cell]] = [[e.date, e.doc_no, e.text, e.debit] for e in ledger.entries]
    return [
        writer.table(
            "journals",
            _journal_title(writer),
            [
                writer.by_time,
                *((part.key, Said(part.name), "money") for part in parts),
                ("debit", "Debits", "money"),
                ("entries", "Entries", "number"),
            ],
            by_journal,
            keys=[slot.key for slot in slots],
        ),
        writer.table(
            "balances",
            writer.title_by_time("Balances at the end of each month", "Balances at the end of each day"),
            [writer.by_time, *((key, Said(name), "money") for key, name, _ in lines)],
            balances,
        ),
        writer.table(
            "entries",
            words("Largest entries"),
            [
                ("date", "Date", "date"),
                ("entry", "Entry", "text"),
                ("text", "Text", "text"),
                ("debit", "Debit", "money"),
            ],
            entries,
            keys=[id_key(e.move_id) for e in ledger.entries],
        ),
    ]


def _wrong(ledger: Ledger, writer: Writer) -> Table:
    return writer.table(
        "unbalanced",
        writer.words("Unbalanced entries"),
        [("date", "Date", "date"), ("entry", "Entry", "text"), ("difference", "Difference", "number")],
        [[row.date, row.doc_no, row.difference] for row in ledger.wrong],
        many=ledger.unbalanced,
    )
