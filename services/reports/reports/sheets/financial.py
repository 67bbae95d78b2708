"""The financial report: income statement, balance sheet, and cash."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from reports.analyse.books import ASSETS, LIABILITIES, RESULT_SECTIONS
from reports.analyse.financial import SUMS, Account, Financial, Position
from reports.analyse.measure import ZERO
from reports.analyse.period import Period
from reports.analyse.scope import BUDGET, NOW
from reports.charts.flows import Flow, Flows
from reports.charts.sides import Block, Sides
from reports.charts.waterfall import Step, Waterfall
from reports.sheets.sheet import COMPARED, Cell, Chart, Kpi, Said, Sheet, Table, Value, Writer, change, each

RATE = (
    "Converted from {others} to {currency}: income, cost and cash moves at the rate of each entry's date, the"
    " balance sheet and balances of cash at the closing rate of their day."
)
NAMES = {
    "revenue": "Revenue",
    "cogs": "Cost of sales",
    "gross_profit": "Gross profit",
    "other_income": "Other income",
    "personnel": "Personnel",
    "opex": "Operating costs",
    "depreciation": "Depreciation",
    "operating_result": "Operating result",
    "finance": "Financial result",
    "tax": "Income tax",
    "net_profit": "Net profit",
    "cash": "Cash",
    "receivable": "Receivables",
    "inventory": "Inventory",
    "other_asset": "Other current assets",
    "fixed_asset": "Fixed assets",
    "payable": "Payables",
    "tax_owed": "Taxes owed",
    "other_liability": "Other liabilities",
    "debt": "Loans",
    "equity": "Capital and reserves",
    "year": "Result of the year",
    "earlier": "Results of earlier years",
}
# How an income statement reads: its sections, and after them what they come to.
ORDER = (
    "revenue",
    "cogs",
    "gross_profit",
    "other_income",
    "personnel",
    "opex",
    "depreciation",
    "operating_result",
    "finance",
    "tax",
    "net_profit",
)
assert {*ORDER} == {*RESULT_SECTIONS, *SUMS}


def sheet(found: Financial, writer: Writer) -> Sheet:
    words, money = writer.words, writer.money
    empty = found.result.now.revenue is None
    charts = []
    revenue = writer.title_by_time("Revenue by month", "Revenue by day")
    if not empty:
        charts.append(
            writer.columns(
                "revenue",
                revenue,
                found.result,
                lambda r: r.revenue,
                money,
                words("Revenue"),
                "revenue",
                mark=_planned_revenue(found, writer),
                before=None if found.compared is None else found.compared.revenue,
            )
        )
        charts.append(_waterfall(found, writer))
    if NOW in found.positions:
        charts.append(_sides(found, writer))
    if found.cash.now.came is not None:
        charts.append(_cash(found, writer))
    return Sheet(
        title=[words("Financial report")],
        kpis=_kpis(found, writer),
        charts=charts,
        tables=[
            _by_time(found, writer, revenue),
            _statement(found, writer),
            _balance(found, writer),
            _cash_table(found, writer),
        ],
        notes=_notes(found, writer, empty),
    )


def _notes(found: Financial, writer: Writer, empty: bool) -> list[str]:
    words = writer.words
    notes = writer.notes(
        empty=words("There are no entries of income or cost in this period.") if empty else None,
        covered=found.compared is not None,
        rate=RATE,
    )
    position = found.positions.get(NOW)
    if position and position.closed:
        notes.append(
            words("The fiscal year of the balance sheet is closed: capital and reserves hold its result.")
        )
    if found.planned and found.budget:
        notes.append(
            words(
                "Budget: {name}. A month that still runs is compared with its days so far.",
                name=found.budget.scenario,
            )
        )
    if found.unmapped:
        notes.append(
            words(
                "Lines on accounts that the source doesn't classify, in no statement: {count}.",
                count=found.unmapped,
            )
        )
    return notes


def _kpis(found: Financial, writer: Writer) -> list[Kpi]:
    words, money = writer.words, writer.money
    planned = found.planned

    def of_result(value: Any) -> dict[str, Value]:
        every = each(found.result, value)
        return every if planned is None else {**every, BUDGET: value(planned)}

    def of_position(value: Any) -> dict[str, Value]:
        return {name: value(position) for name, position in found.positions.items()}

    day = words.day(found.scope.known.end)
    return [
        writer.kpi(
            "revenue",
            "Revenue",
            money,
            of_result(lambda r: r.revenue),
            words("Posted revenue of the period, without value added tax."),
            "higher",
        ),
        writer.kpi(
            "net_profit",
            "Net profit",
            money,
            of_result(lambda r: r.net),
            words("All income less all cost of the period; moves that close a year don't count."),
            "higher",
        ),
        writer.kpi(
            "gross_margin",
            "Gross margin",
            "%",
            of_result(lambda r: r.gross_margin),
            words("Revenue less cost of sales, as a part of revenue."),
            "higher",
        ),
        writer.kpi(
            "cash",
            "Cash",
            money,
            of_position(lambda p: p.sections["cash"]),
            words("Balance of the bank and cash accounts on {day}.", day=day),
            "higher",
        ),
        writer.kpi(
            "ebitda",
            "EBITDA",
            money,
            of_result(lambda r: r.ebitda),
            words("Operating result before depreciation."),
            "higher",
        ),
        writer.kpi(
            "operating_margin",
            "Operating margin",
            "%",
            of_result(lambda r: r.operating_margin),
            words("Operating result, that is before financial result and income tax, as a part of revenue."),
            "higher",
        ),
        writer.kpi(
            "current_ratio",
            "Current ratio",
            "ratio",
            of_position(lambda p: p.current_ratio),
            words("Assets but fixed ones, divided by liabilities but loans, on {day}.", day=day),
            "higher",
        ),
        writer.kpi(
            "quick_ratio",
            "Quick ratio",
            "ratio",
            of_position(lambda p: p.quick_ratio),
            words("Cash and receivables, divided by liabilities but loans, on {day}.", day=day),
            "higher",
        ),
        writer.kpi(
            "debt_to_equity",
            "Debt to equity",
            "ratio",
            of_position(lambda p: p.gearing),
            words("All liabilities divided by equity with the results not closed yet, on {day}.", day=day),
            "lower",
        ),
    ]


# --- the income statement --------------------------------------------------------------------------


def _cut(found: Financial, period: Period) -> Period:
    return Period(period.start, min(period.end, found.scope.today))


def _budget_of(found: Financial, period: Period) -> Value:
    """The planned revenue of a month (or day), as far as it has run."""
    span = _cut(found, period)
    if found.budget is None or span.end < span.start or not found.budget.covers(span):
        return None
    return found.budget.sections(span).get("revenue", ZERO)


def _planned_revenue(found: Financial, writer: Writer) -> tuple[str, list[Value]] | None:
    if found.budget is None:
        return None
    return writer.words("Budget"), [_budget_of(found, p.period) for p in found.result.points]


def _by_time(found: Financial, writer: Writer, title: str) -> Table:
    budget = found.scope.compare == BUDGET
    rows: list[list[Cell]] = []
    points = found.result.points
    for p, slot in zip(points, writer.slots(points), strict=True):
        planned = _budget_of(found, p.period)
        now = p.now.revenue if p.now else None
        other = planned if budget else p.other.revenue if p.other else None
        tail = [] if budget else [planned]
        if p.now is None:
            rows.append([slot.name, None, other, None, *tail, None, None, None])
            continue
        results = [p.now.gross, p.now.operating, p.now.net]
        rows.append([slot.name, now, other, change(now, other), *tail, *results])
    total, compared, planned_result = found.result.now, found.compared, found.planned
    before = compared.revenue if compared else None
    tail = [] if budget else [planned_result.revenue if planned_result else None]
    foot: list[Cell] = [writer.words("Total"), total.revenue, before, change(total.revenue, before), *tail]
    foot += [total.gross, total.operating, total.net]
    return writer.table(
        "revenue",
        title,
        [
            writer.by_time,
            *writer.versus("Revenue"),
            *([] if budget else [("budget", "Budget", "money")]),
            ("gross_profit", "Gross profit", "money"),
            ("operating_result", "Operating result", "money"),
            ("net_profit", "Net profit", "money"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(points)],
        foot=foot if total.revenue is not None else None,
    )


def _grown(now: Value, before: Value) -> Value:
    """The change in percent; of cost how much it has grown, though it is negative."""
    if now is not None and before is not None and now <= 0 and before < 0:
        return change(-now, -before)
    return change(now, before)


def _waterfall(found: Financial, writer: Writer) -> Chart:
    words, result, compared = writer.words, found.result.now, found.compared
    steps = []
    for key in ORDER:
        value = result.sum(SUMS.get(key, [key])) or ZERO
        if key in SUMS or key == "revenue" or value:
            before = compared.sum(SUMS.get(key, [key])) if compared else None
            grown = _grown(value, before)
            note = "" if grown is None else words.signed(grown)
            steps.append(Step(key, words(NAMES[key]), value, key in SUMS or key == "revenue", note))
    said = words(
        "Of {revenue} revenue {gross} are left after cost of sales and {net} in the end",
        revenue=words.short_money(result.revenue or ZERO),
        gross=words.short_money(result.gross or ZERO),
        net=words.short_money(result.net or ZERO),
    )
    said += writer.against(result.net, compared.net if compared else None)
    names = (words("Result"), words("Income"), words("Cost"))
    form = Waterfall(writer.money, steps, names)
    return Chart("result", words("Income statement"), said + words("."), form, "result")


def _statement(found: Financial, writer: Writer) -> Table:
    words, scope = writer.words, found.scope
    budget = scope.compare == BUDGET
    result, compared, planned = found.result.now, found.compared, found.planned

    def cells(name: str, code: str | None, now: Value, other: Value, plan: Value) -> list[Cell]:
        first = [code, name, now, other, _grown(now, other)]
        if budget:
            return [*first, None if now is None or other is None else now - other]
        against = None if now is None or plan is None else now - plan
        return [*first, plan, against]

    rows: list[list[Cell]] = []
    keys: list[str | None] = []
    sums: list[int] = []

    def account(a: Account) -> None:
        other = a.planned if budget else a.other
        rows.append(cells(a.name or a.id, a.code, a.now, other, a.planned))
        keys.append(f"id:{a.id}")

    for key in ORDER if result.revenue is not None else ():
        mine = [a for a in found.accounts if a.section == key]
        if key not in SUMS and not mine:
            continue
        for a in mine:
            account(a)
        names = SUMS.get(key, (key,))
        values = [r.sum(names) if r else None for r in (result, compared, planned)]
        sums.append(len(rows))
        rows.append(cells(words(NAMES[key]), None, *values))
        keys.append(key)
    tail = [("variance", "Against budget", "money")]
    return writer.table(
        "result",
        words("Income statement"),
        [
            ("code", "Account", "text"),
            ("line", "Line", "text"),
            ("value", "This period", "money"),
            (scope.compare, COMPARED[scope.compare], "money"),
            ("change", "Change", "percent"),
            *([] if budget else [("budget", "Budget", "money")]),
            *tail,
        ],
        rows,
        keys=keys,
        sums=sums,
        value="value",
    )


# --- the balance sheet -----------------------------------------------------------------------------


def _difference(found: Financial) -> str:
    converted = found.scope.rates.converted
    return "Translation difference" if converted else "Unmapped lines"


def _equity(position: Position) -> Iterable[tuple[str, Decimal]]:
    yield "equity", position.sections["equity"]
    yield "year", position.year
    yield "earlier", position.earlier
    yield "difference", position.difference


def _sides(found: Financial, writer: Writer) -> Chart:
    words, position = writer.words, found.positions[NOW]

    def name(key: str) -> str:
        return words(_difference(found) if key == "difference" else NAMES[key])

    assets = [Block(key, name(key), position.sections[key]) for key in ASSETS]
    theirs = [Block(key, name(key), position.sections[key]) for key in LIABILITIES]
    ours = [Block(key, name(key), value) for key, value in _equity(position)]
    form = Sides(
        writer.money, ((words("Assets"), assets), (words("Liabilities and equity"), [*theirs, *ours]))
    )
    said = words(
        "On {day} assets of {assets} stand against {liabilities} of liabilities and {equity} of equity.",
        day=words.day(position.day),
        assets=words.short_money(position.assets),
        liabilities=words.short_money(position.liabilities),
        equity=words.short_money(position.equity),
    )
    return Chart("balance", words("Balance sheet"), said, form, "balance")


def _balance(found: Financial, writer: Writer) -> Table:
    words, scope = writer.words, found.scope
    others: list[str] = []
    for name, earlier in scope.earlier.items():
        days = [scope.earlier[other].span.end for other in others]
        if name in found.positions and earlier.span.end not in days:
            others.append(name)
    rows: list[list[Cell]] = []
    keys: list[str | None] = []
    sums: list[int] = []
    now = found.positions.get(NOW)

    def add(key: str | None, label: str, value: Any) -> None:
        if now is None:
            return
        values = [value(found.positions[name]) for name in (NOW, *others)]
        if key is None:
            sums.append(len(rows))
        elif not any(values):
            return
        rows.append([label, *values])
        keys.append(key)

    for key in ASSETS:
        add(key, words(NAMES[key]), lambda p, key=key: p.sections[key])
    add(None, words("Assets"), lambda p: p.assets)
    for key in LIABILITIES:
        add(key, words(NAMES[key]), lambda p, key=key: p.sections[key])
    add(None, words("Liabilities"), lambda p: p.liabilities)
    for key in ("equity", "year", "earlier", "difference"):
        label = words(_difference(found) if key == "difference" else NAMES[key])
        add(key, label, lambda p, key=key: dict(_equity(p))[key])
    add(None, words("Equity"), lambda p: p.equity)
    add(None, words("Liabilities and equity"), lambda p: p.liabilities + p.equity)
    titles = [words.day(scope.spans[name].end) for name in (NOW, *others)]
    return writer.table(
        "balance",
        words("Balance sheet"),
        [
            ("line", "Line", "text"),
            *(
                (name if name != NOW else "value", Said(title), "money")
                for name, title in zip((NOW, *others), titles, strict=True)
            ),
        ],
        rows,
        keys=keys,
        sums=sums,
        value="value",
    )


# --- cash ------------------------------------------------------------------------------------------


def _cash_title(writer: Writer) -> str:
    return writer.title_by_time("Cash in and out by month", "Cash in and out by day")


def _cash(found: Financial, writer: Writer) -> Chart:
    words, points = writer.words, found.cash.points
    data = [
        Flow(slot, p.now.came if p.now else None, p.now.went if p.now else None)
        for p, slot in zip(points, writer.slots(points), strict=True)
    ]
    form = Flows(writer.money, data, words("Cash in"), words("Cash out"), words("Net"))
    total = found.cash.now
    said = words(
        "{came} came in and {went} went out {span}; {cash} are there on {day}.",
        came=words.short_money(total.came or ZERO),
        went=words.short_money(total.went or ZERO),
        span=words.span(found.scope.period.start, found.scope.known.end),
        cash=words.short_money(found.positions[NOW].sections["cash"] if NOW in found.positions else ZERO),
        day=words.day(found.scope.known.end),
    )
    return Chart("cash", _cash_title(writer), said, form, "cash")


def _cash_table(found: Financial, writer: Writer) -> Table:
    words, points, scope = writer.words, found.cash.points, found.scope
    rows: list[list[Cell]] = []
    for p, slot in zip(points, writer.slots(points), strict=True):
        moved = [p.now.came, p.now.went, p.now.net] if p.now else [None] * 3
        at_end = None if p.period.start > scope.today else found.cash_at.get(_cut(found, p.period).end)
        rows.append([slot.name, *moved, at_end])
    total = found.cash.now
    foot: list[Cell] = [words("Total"), total.came, total.went, total.net, None]
    return writer.table(
        "cash",
        _cash_title(writer),
        [
            writer.by_time,
            ("came", "Cash in", "money"),
            ("went", "Cash out", "money"),
            ("value", "Net", "money"),
            ("balance", "Cash at the end", "money"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(points)],
        foot=foot if total.came is not None else None,
        value="value",
    )
