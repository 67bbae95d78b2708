"""The reports of receivables and of payables: the same questions from the two sides."""

from dataclasses import dataclass
from decimal import Decimal

from reports.analyse.measure import ZERO, Point, part
from reports.analyse.open_items import NOT_DUE, SOON, OpenItems, Stood
from reports.analyse.scope import NOW
from reports.charts.columns import Column, Columns
from reports.charts.form import Slot
from reports.charts.stacked import Part, Stacked
from reports.sheets.coming import coming_chart, coming_table
from reports.sheets.sheet import Cell, Chart, Kpi, Sheet, Table, Writer, change

RATE = "Converted from {others} to {currency} at the closing rate of each day."


@dataclass(frozen=True)
class Side:
    """The words of one side; English is the key."""

    title: str
    balance: str
    balance_means: str
    turn: str
    turn_means: str
    late: str
    late_means: str
    kept: str
    kept_means: str
    parties: str
    party: str
    whole: str
    coming: str
    coming_said: str
    empty: str


SIDES = {
    "ar": Side(
        title="Accounts receivable",
        balance="Receivables",
        balance_means="What customers owe on {day}: invoices less credit notes and payments, tax included.",
        turn="Days sales outstanding",
        turn_means="Receivables divided by what was invoiced in the last 90 days, tax included, times 90.",
        late="Paid after due",
        late_means="Days from due date to payment of what customers paid in the period, weighted by amount;"
        " early payments count as negative.",
        kept="Collection rate",
        kept_means="Of what fell due in the period, the part that was paid by its end.",
        parties="Top debtors",
        party="Customer",
        whole="the receivables",
        coming="Expected payments by week",
        coming_said="{total} is to come in",
        empty="No customer owes anything on {day}.",
    ),
    "ap": Side(
        title="Accounts payable",
        balance="Payables",
        balance_means="What is owed to suppliers on {day}: invoices less credit notes and payments, tax"
        " included.",
        turn="Days payables outstanding",
        turn_means="Payables divided by what suppliers invoiced in the last 90 days, tax included, times 90.",
        late="Paid after due",
        late_means="Days from due date to payment of what was paid to suppliers in the period, weighted by"
        " amount; early payments count as negative.",
        kept="Payment rate",
        kept_means="Of what fell due in the period, the part that was paid by its end.",
        parties="Top creditors",
        party="Supplier",
        whole="the payables",
        coming="Payments due by week",
        coming_said="{total} is to be paid",
        empty="Nothing is owed to suppliers on {day}.",
    ),
}


def sheet(items: OpenItems, writer: Writer) -> Sheet:
    words, side = writer.words, SIDES[items.side]
    charts = []
    if items.now and items.now.balance:
        charts = [_ageing_chart(items, writer), _balance_chart(items, writer, side)]
        charts.append(
            writer.ranks(
                "parties",
                words(side.parties),
                items.parties,
                writer.money,
                words("Not overdue"),
                words(side.whole),
                warn=(words("Overdue"), lambda r: r.now.overdue),
            )
        )
        charts.append(
            coming_chart(
                writer,
                items.due,
                "due",
                words(side.coming),
                writer.money,
                words("Open"),
                side.coming_said,
                "documents",
            )
        )
    day = words.day(items.scope.known.end)
    return Sheet(
        title=[words(side.title)],
        kpis=_kpis(items, writer, side),
        charts=charts,
        tables=[
            _ageing_table(items, writer),
            _balance_table(items, writer, side),
            _party_table(items, writer, side),
            coming_table(writer, items.due, "due", words(side.coming), "Due", ("Open", "money"), "Documents"),
        ],
        notes=writer.notes(
            empty=words(side.empty, day=day) if not charts else None,
            covered=items.at(items.scope.compare) is not None,
            rate=RATE,
        ),
    )


def _kpis(items: OpenItems, writer: Writer, side: Side) -> list[Kpi]:
    words, spans = writer.words, items.scope.spans
    stood = {name: found for name in spans if (found := items.at(name))}
    day = words.day(items.scope.known.end)
    return [
        writer.kpi(
            "balance",
            side.balance,
            writer.money,
            {name: found.balance for name, found in stood.items()},
            words(side.balance_means, day=day),
        ),
        writer.kpi(
            "overdue",
            "Overdue",
            writer.money,
            {name: found.overdue for name, found in stood.items()},
            words("What of it should have been paid by {day}.", day=day),
            "lower",
        ),
        writer.kpi(
            "overdue_share",
            "Overdue share",
            "%",
            {name: found.overdue_share for name, found in stood.items()},
            words("Overdue as a part of all that is open."),
            "lower",
        ),
        writer.kpi(
            "days_outstanding",
            side.turn,
            "days",
            {name: found.turn for name, found in stood.items()},
            words(side.turn_means),
            "lower" if items.side == "ar" else None,
        ),
        writer.kpi(
            "days_late",
            side.late,
            "days",
            {name: found.late for name, found in items.paid.items()},
            words(side.late_means),
            "lower",
        ),
        writer.kpi(
            "collected",
            side.kept,
            "%",
            {name: found.kept for name, found in items.paid.items()},
            words(side.kept_means),
            "higher",
        ),
        writer.kpi(
            "soon",
            "Due in {days} days",
            writer.money,
            items.soon,
            words("Open, not overdue, and due within {days} days of {day}.", days=SOON, day=day),
            days=SOON,
        ),
    ]


def _bucket_name(key: str, writer: Writer) -> str:
    if key == NOT_DUE:
        return writer.words("Not due")
    if key.endswith("+"):
        return writer.words("more than {days} days", days=int(key[:-1]) - 1)
    return writer.words("{days} days", days=key.replace("-", "–"))


def _bucket_label(key: str, name: str) -> str:
    """As short as a column is wide."""
    if key == NOT_DUE:
        return name
    return f"> {int(key[:-1]) - 1}" if key.endswith("+") else key.replace("-", "–")


def _ageing_chart(items: OpenItems, writer: Writer) -> Chart:
    words, now = writer.words, items.ageing[NOW]
    others = items.ageing.get(items.scope.compare, {})
    total = sum((value for value, _ in now.values()), ZERO)
    data = []
    for bucket in items.buckets:
        value, count = now[bucket.key]
        other, name = others.get(bucket.key), _bucket_name(bucket.key, writer)
        note = words.count(count, "documents")
        share = part(value, total)
        data.append(
            Column(
                Slot(bucket.key, _bucket_label(bucket.key, name), name),
                value,
                mark=other[0] if other else None,
                warn=bucket.key != NOT_DUE and items.from_due,
                note=note if share is None else f"{words.percent(share)} · {note}",
            )
        )
    stood = items.now
    said = words("{total} is open", total=words.short_money(total))
    if stood and stood.overdue > 0:
        said += words(
            "; {overdue} of it ({share}) is overdue",
            overdue=words.short_money(stood.overdue),
            share=words.percent(stood.overdue_share or ZERO),
        )
    oldest = now[items.buckets[-1].key][0]
    if oldest > 0:
        said += words(
            ", {oldest} for more than {days} days",
            oldest=words.short_money(oldest),
            days=(items.buckets[-1].low or 1) - 1,
        )
    form = Columns(writer.money, data, words("Open"), mark=writer.compared, told=True, height=250)
    title = "Ageing by due date" if items.from_due else "Ageing by document date"
    return Chart("ageing", words(title), said + words("."), form, "ageing")


def _ageing_table(items: OpenItems, writer: Writer) -> Table:
    words, now = writer.words, items.ageing.get(NOW, {})
    others = items.ageing.get(items.scope.compare, {})
    total = sum((value for value, _ in now.values()), ZERO)
    before = sum((value for value, _ in others.values()), ZERO) if others else None
    rows: list[list[Cell]] = []
    for key, (value, count) in now.items():
        other = others[key][0] if others else None
        share = part(value, total)
        rows.append([_bucket_name(key, writer), value, other, change(value, other), share, count])
    many = sum(count for _, count in now.values())
    return writer.table(
        "ageing",
        words("Ageing by due date" if items.from_due else "Ageing by document date"),
        [
            ("age", "Age", "text"),
            *writer.versus("Open"),
            ("share", "Share", "percent"),
            ("documents", "Documents", "number"),
        ],
        rows,
        keys=list(now),
        foot=[words("Total"), total, before, change(total, before), Decimal(100), many] if total else None,
    )


def _points(items: OpenItems) -> list[Point[Stood]]:
    scope = items.scope
    found = []
    for period in scope.period.buckets():
        ahead = period.start > scope.today
        stood = None if ahead else items.stood.get(min(period.end, scope.today))
        found.append(Point(period, stood, None, partial=not ahead and scope.today < period.end))
    return found


def _balance_title(writer: Writer, side: Side) -> str:
    return writer.title_by_time(
        "{name} at the end of each month",
        "{name} at the end of each day",
        name=writer.words(side.balance),
    )


def _balance_chart(items: OpenItems, writer: Writer, side: Side) -> Chart:
    words, points = writer.words, _points(items)
    parts = [
        Part(NOT_DUE, words("Not overdue"), [p.now.not_overdue if p.now else None for p in points]),
        Part("overdue", words("Overdue"), [p.now.overdue if p.now else None for p in points], "warn"),
    ]
    form = Stacked(writer.money, writer.slots(points), parts, words("Open"))
    known = [p for p in points if p.now]
    said = words(
        "From {first} at the end of {begin} to {last} on {day}.",
        first=words.short_money(known[0].now.balance if known[0].now else ZERO),
        begin=writer.label(known[0].period, year=True),
        last=words.short_money(items.now.balance if items.now else ZERO),
        day=words.day(items.scope.known.end),
    )
    return Chart("balance", _balance_title(writer, side), said, form, "balance")


def _balance_table(items: OpenItems, writer: Writer, side: Side) -> Table:
    points = _points(items)
    rows: list[list[Cell]] = []
    for p, slot in zip(points, writer.slots(points), strict=True):
        stood = p.now
        cells = [stood.balance, stood.overdue, stood.overdue_share, stood.turn] if stood else [None] * 4
        rows.append([slot.name, *cells])
    return writer.table(
        "balance",
        _balance_title(writer, side),
        [
            writer.by_time,
            ("open", "Open", "money"),
            ("overdue", "Overdue", "money"),
            ("share", "Overdue share", "percent"),
            ("days", side.turn, "number"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(points)],
    )


def _party_table(items: OpenItems, writer: Writer, side: Side) -> Table:
    found, now, other = items.parties, items.now, items.at(items.scope.compare)
    rows, keys = writer.ranked_rows(found, lambda r: [], lambda r: [r.now.overdue, r.now.items or None])
    balance, before = now.balance if now else None, other.balance if other else None
    foot: list[Cell] = [writer.words("Total"), balance, before, change(balance, before), Decimal(100)]
    return writer.table(
        "parties",
        writer.words(side.parties),
        [
            ("party", side.party, "text"),
            *writer.versus("Open"),
            ("share", "Share", "percent"),
            ("overdue", "Overdue", "money"),
            ("documents", "Documents", "number"),
        ],
        rows,
        keys=keys,
        foot=[*foot, now.overdue if now else None, None] if rows else None,
        many=found.total,
    )
