"""What Kestrel Cycles is made of: accounts, products, partners, people. Its trade is in company.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

RATES = {"GBP": 1.155, "CHF": 1.045, "USD": 0.92}
CURRENCY = {"GB": "GBP", "CH": "CHF", "US": "USD", "TW": "USD"}

# code, name, statement line, class, subtype
ACCOUNTS: list[tuple[str, str, str, str, str | None]] = [
    ("0200", "Machines and tools", "Fixed assets", "asset", "fixed_asset"),
    ("0210", "Building improvements", "Fixed assets", "asset", "fixed_asset"),
    ("0290", "Accumulated depreciation", "Fixed assets", "asset", "fixed_asset"),
    ("0500", "Share capital", "Equity", "equity", None),
    ("0510", "Retained earnings", "Equity", "equity", None),
    ("0800", "Bank loan", "Long-term debt", "liability", "finance"),
    ("1100", "Bank", "Cash", "asset", "cash"),
    ("1110", "Savings account", "Cash", "asset", "cash"),
    ("1300", "Trade receivables", "Trade receivables", "asset", "receivable"),
    ("1500", "Components", "Inventory", "asset", "inventory"),
    ("1510", "Finished bicycles", "Inventory", "asset", "inventory"),
    ("1520", "Goods for resale", "Inventory", "asset", "inventory"),
    ("1600", "Trade payables", "Trade payables", "liability", "payable"),
    ("1700", "Value added tax", "Taxes owed", "liability", "tax"),
    ("1710", "Wage tax and social charges", "Taxes owed", "liability", "tax"),
    ("4000", "Wages", "Personnel", "expense", "personnel"),
    ("4010", "Social charges", "Personnel", "expense", "personnel"),
    ("4090", "Wages absorbed in production", "Personnel", "expense", "personnel"),
    ("4100", "Rent", "Operating costs", "expense", "opex"),
    ("4200", "Energy", "Operating costs", "expense", "opex"),
    ("4300", "Marketing and fairs", "Operating costs", "expense", "opex"),
    ("4400", "Freight out", "Operating costs", "expense", "opex"),
    ("4500", "Software and IT", "Operating costs", "expense", "opex"),
    ("4600", "Insurance and advice", "Operating costs", "expense", "opex"),
    ("4700", "Depreciation", "Depreciation", "expense", "depreciation"),
    ("7000", "Cost of bicycles sold", "Cost of sales", "expense", "cogs"),
    ("7010", "Cost of goods sold", "Cost of sales", "expense", "cogs"),
    ("7050", "Purchase price differences", "Cost of sales", "expense", "cogs"),
    ("7060", "Scrap", "Cost of sales", "expense", "cogs"),
    ("8000", "Sales of bicycles", "Revenue", "income", "revenue"),
    ("8010", "Sales of e-bikes", "Revenue", "income", "revenue"),
    ("8100", "Sales of parts and accessories", "Revenue", "income", "revenue"),
    ("8200", "Sales of services", "Revenue", "income", "revenue"),
    ("9000", "Interest", "Financial result", "expense", "finance"),
    ("9010", "Exchange differences", "Financial result", "expense", "finance"),
    ("9500", "Corporate income tax", "Income tax", "expense", "tax"),
]

# The plan of the first year: account, thousands of euros in the ledger's sign, yearly growth, and whether it
# moves with the season or comes every month or quarter the same.
PLAN: list[tuple[str, int, float, str]] = [
    ("4000", 2800, 0.06, "month"),
    ("4010", 700, 0.06, "month"),
    ("4090", -1400, 0.07, "season"),
    ("4100", 520, 0.025, "month"),
    ("4200", 200, 0.025, "month"),
    ("4300", 630, 0.03, "month"),
    ("4400", 360, 0.08, "season"),
    ("4500", 180, 0.02, "month"),
    ("4600", 108, 0.02, "month"),
    ("4700", 282, 0.0, "month"),
    ("7000", 9200, 0.07, "season"),
    ("7010", 540, 0.07, "season"),
    ("7060", 150, 0.0, "season"),
    ("8000", -7000, 0.03, "season"),
    ("8010", -7400, 0.13, "season"),
    ("8100", -820, 0.08, "season"),
    ("8200", -260, 0.14, "month"),
    ("9000", 48, -0.12, "month"),
    ("9500", 260, 0.0, "quarter"),
]

# Months' share of a category's year, January first, and its yearly growth.
SEASONS: dict[str, tuple[tuple[float, ...], float]] = {
    "City bikes": ((0.6, 0.8, 1.3, 1.5, 1.4, 1.2, 1.0, 1.0, 1.1, 0.8, 0.6, 0.7), 0.02),
    "E-bikes": ((0.6, 0.8, 1.3, 1.5, 1.5, 1.3, 1.0, 0.9, 1.0, 0.8, 0.6, 0.7), 0.21),
    "Road": ((0.6, 0.9, 1.5, 1.6, 1.5, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.7), -0.04),
    "Gravel": ((0.7, 0.9, 1.3, 1.4, 1.3, 1.1, 0.9, 1.0, 1.2, 0.9, 0.6, 0.7), 0.34),
    "Mountain": ((0.5, 0.7, 1.1, 1.4, 1.5, 1.5, 1.3, 1.1, 1.0, 0.7, 0.5, 0.7), 0.05),
    "Kids": ((0.6, 0.7, 1.1, 1.2, 1.1, 0.9, 0.7, 0.8, 0.8, 0.8, 1.5, 1.8), 0.03),
    "Parts": ((0.8, 0.9, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0, 1.0, 0.9, 0.9, 0.9), 0.08),
    "Accessories": ((0.9, 0.8, 1.0, 1.0, 1.0, 0.9, 0.8, 0.9, 1.1, 1.3, 1.2, 1.1), 0.12),
    "Services": ((0.9, 1.0, 1.1, 1.1, 1.0, 1.0, 0.8, 0.8, 1.0, 1.1, 1.1, 1.1), 0.27),
}
BIKES = ("City bikes", "E-bikes", "Road", "Gravel", "Mountain", "Kids")
REVENUE = {"E-bikes": "8010", "Parts": "8100", "Accessories": "8100", "Services": "8200"}

# code, name, cost in cents, supplier
COMPONENTS = [
    ("C-FST", "Steel frame", 6100, "Formosa Frames"),
    ("C-FAL", "Aluminium frame", 9400, "Formosa Frames"),
    ("C-FCA", "Carbon frame", 43500, "Formosa Frames"),
    ("C-FRK", "Suspension fork", 11800, "Alpine Suspension"),
    ("C-WHL", "Wheelset", 7200, "Laufrad Werke"),
    ("C-WHC", "Carbon wheelset", 31000, "Laufrad Werke"),
    ("C-DRC", "Hub gear and chain", 6800, "Nagano Drives"),
    ("C-DRR", "Road groupset", 23800, "Nagano Drives"),
    ("C-DRM", "Mountain groupset", 18900, "Nagano Drives"),
    ("C-BRK", "Disc brake set", 5200, "Nagano Drives"),
    ("C-MOT", "Mid motor 50 Nm", 29500, "Voltadrive"),
    ("C-BAT", "Battery 500 Wh", 21500, "Voltadrive"),
    ("C-CKP", "Saddle, bar and grips", 3400, "Tilburg Parts"),
    ("C-TYR", "Pair of tyres", 2300, "Tilburg Parts"),
    ("C-KID", "Kids running gear", 4600, "Tilburg Parts"),
    ("C-FIN", "Paint and packing", 2100, "Tilburg Parts"),
]
# code, name, category, what it is built of besides C-FIN, hours' cost in cents, price in cents, popularity
MADE = [
    ("KC-110", "Wren 3", "City bikes", "FST WHL DRC CKP TYR", 7200, 54900, 9),
    ("KC-120", "Wren 7", "City bikes", "FAL WHL DRC BRK CKP TYR", 8200, 71500, 8),
    ("KC-140", "Finch Step-through", "City bikes", "FAL WHL DRC BRK CKP TYR", 8600, 76900, 7),
    ("KE-210", "Swift E", "E-bikes", "FAL WHL DRC BRK MOT BAT CKP TYR", 13500, 174900, 8),
    ("KE-230", "Swift E Cargo", "E-bikes", "FST FST WHL DRC BRK MOT BAT BAT CKP TYR", 21000, 249900, 3),
    ("KE-250", "Harrier E", "E-bikes", "FAL FRK WHL DRM BRK MOT BAT CKP TYR", 16500, 238900, 4),
    ("KR-310", "Falcon AL", "Road", "FAL WHL DRR BRK CKP TYR", 9800, 109900, 4),
    ("KR-330", "Falcon Carbon", "Road", "FCA WHC DRR BRK CKP TYR", 13500, 219900, 2),
    ("KG-410", "Merlin", "Gravel", "FAL WHL DRR BRK CKP TYR", 9800, 112900, 4),
    ("KG-430", "Merlin Carbon", "Gravel", "FCA WHL DRR BRK CKP TYR", 12800, 189900, 2),
    ("KM-510", "Buzzard", "Mountain", "FAL FRK WHL DRM BRK CKP TYR", 10500, 124900, 4),
    ("KM-530", "Buzzard Pro", "Mountain", "FCA FRK WHC DRM BRK CKP TYR", 14500, 249900, 1.5),
    ("KK-610", "Sparrow 16", "Kids", "KID CKP TYR", 3900, 25900, 5),
    ("KK-620", "Sparrow 20", "Kids", "FST KID CKP TYR", 4400, 34900, 5),
]
# code, name, category, cost, price, popularity, supplier
BOUGHT = [
    ("P-101", "City tyre 28 inch", "Parts", 1150, 1990, 14, "Tilburg Parts"),
    ("P-102", "Gravel tyre 700x45", "Parts", 2050, 3490, 8, "Tilburg Parts"),
    ("P-110", "Chain 11-speed", "Parts", 1380, 2390, 10, "Nagano Drives"),
    ("P-120", "Brake pads, pair", "Parts", 520, 990, 14, "Nagano Drives"),
    ("P-130", "Wheel 28 inch, rear", "Parts", 6100, 9900, 5, "Laufrad Werke"),
    ("P-140", "Battery 500 Wh, spare", "Parts", 23800, 38900, 2, "Voltadrive"),
    ("A-201", "Helmet Plume", "Accessories", 2900, 4990, 8, "Nordic Gear"),
    ("A-202", "Light set 70 lux", "Accessories", 1950, 3490, 10, "Nordic Gear"),
    ("A-203", "Folding lock", "Accessories", 3100, 5290, 7, "Nordic Gear"),
    ("A-204", "Pannier, pair", "Accessories", 3600, 6190, 6, "Nordic Gear"),
    ("A-205", "Child seat", "Accessories", 4200, 6990, 4, "Nordic Gear"),
    ("A-206", "Frame pump", "Accessories", 980, 1790, 8, "Tilburg Parts"),
]
SERVICES = [
    ("S-301", "Dealer workshop day", 42000, 3),
    ("S-302", "Fleet maintenance, year", 16500, 5),
    ("S-303", "Battery health check", 4500, 8),
    ("S-304", "Express delivery", 9500, 6),
]
SUPPLIERS = [
    ("Formosa Frames", "TW", 45), ("Alpine Suspension", "CH", 30), ("Laufrad Werke", "DE", 30),
    ("Nagano Drives", "DE", 45), ("Voltadrive", "DE", 30), ("Tilburg Parts", "NL", 14),
    ("Nordic Gear", "SE", 30), ("Polder Energie", "NL", 14), ("Waterlinie Vastgoed", "NL", 14),
    ("Rijnland Transport", "NL", 30), ("Studio Noordzee", "NL", 30), ("Hanze IT", "NL", 30),
    ("Van Dam Adviseurs", "NL", 30),
]  # fmt: skip
# account, supplier, cents a month (freight is a share of what was sold)
OVERHEADS = [
    ("4100", "Waterlinie Vastgoed", 4350000),
    ("4200", "Polder Energie", 1680000),
    ("4300", "Studio Noordzee", 4600000),
    ("4400", "Rijnland Transport", 0),
    ("4500", "Hanze IT", 1520000),
    ("4600", "Van Dam Adviseurs", 890000),
]

CITIES = {
    "NL": "Utrecht Amsterdam Rotterdam Groningen Eindhoven Zwolle Arnhem Breda Leiden Haarlem Delft",
    "DE": "Münster Köln Berlin Hamburg Bremen Freiburg Leipzig Dresden Kassel Mainz Aachen",
    "BE": "Gent Antwerpen Leuven Brugge Hasselt Mechelen", "FR": "Lille Nantes Lyon Bordeaux Rennes",
    "AT": "Wien Graz Linz Salzburg", "DK": "København Aarhus Odense", "SE": "Malmö Göteborg Lund",
    "GB": "Bristol Cambridge York Leeds Edinburgh Oxford", "CH": "Basel Bern Zürich Luzern",
    "US": "Portland Boulder Madison",
}  # fmt: skip
DEALERS = {
    "NL": ("Fietsenmaker", "Rijwielhuis"), "DE": ("Radhaus", "Velowerk"), "BE": ("Fietspunt", "Wielerhuis"),
    "FR": ("Cycles", "Atelier Vélo"), "AT": ("Radstadl", "Velo"), "DK": ("Cykler", "Cykelhuset"),
    "SE": ("Cykelhörnan", "Cykel"), "GB": ("Spokes of", "Wheelhouse"), "CH": ("Velo", "Radlager"),
    "US": ("Bike Works", "Two Wheels"),
}  # fmt: skip
# segment: share of customers, bike lines, bikes a line, other lines, discount, categories (None = all)
SEGMENTS: dict[
    str, tuple[float, tuple[int, int], tuple[int, int], tuple[int, int], float, set[str] | None]
] = {
    "Independent dealer": (0.62, (1, 3), (1, 3), (0, 3), 0.0, None),
    "Retail chain": (0.08, (2, 5), (3, 9), (1, 4), 0.11, None),
    "Online shop": (0.12, (1, 3), (2, 5), (1, 4), 0.07, None),
    "Fleet and leasing": (0.10, (1, 2), (3, 10), (0, 2), 0.08, {"City bikes", "E-bikes", "Services"}),
    "Rental and tourism": (
        0.08,
        (1, 2),
        (2, 8),
        (0, 2),
        0.05,
        {"City bikes", "E-bikes", "Mountain", "Parts"},
    ),
}
OTHER_NAMES = {
    "Retail chain": ("{0} Bike Centres", "Velomarkt {0}"),
    "Online shop": ("pedal24 {0}", "{0}.bike"),
    "Fleet and leasing": ("{0} Lease a Bike", "Mobility {0}"),
    "Rental and tourism": ("{0} Bike Tours", "{0} City Rental"),
}

# department: (job, heads at the start, monthly cost in cents)
STAFF = {
    "Assembly": (("Bicycle mechanic", 21, 372000), ("Line lead", 3, 465000)),
    "Wheels and paint": (("Wheel builder", 6, 381000), ("Painter", 4, 376000)),
    "Warehouse": (("Warehouse worker", 7, 348000), ("Forklift driver", 2, 362000)),
    "Sales": (("Account manager", 6, 545000), ("Order desk", 3, 398000)),
    "Engineering": (("Design engineer", 4, 590000),),
    "Purchasing": (("Buyer", 2, 512000),),
    "Marketing": (("Marketer", 2, 488000),),
    "Finance": (("Bookkeeper", 2, 468000), ("Controller", 1, 690000)),
    "Management": (("Director", 2, 940000), ("Human resources", 1, 520000)),
}
NAMES = {
    "f": "Anna Sofie Emma Lotte Fatima Julia Eva Noor Mila Sara Ingrid Marieke Yara Hanna Lieke Roos Zoë",
    "m": "Jan Pieter Lucas Daan Mohamed Bram Sem Thijs Koen Omar Erik Ruben Niels Tim Jeroen Stefan Karim",
}
SURNAMES = (
    "Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra Kok "
    "Willems Schouten Hoekstra Yilmaz Kaya Ali Nguyen Kowalska Novak Petersen Schmidt"
)


@dataclass
class Party:
    id: int
    name: str
    segment: str
    country: str
    terms: int
    late: float = 0  # days it usually pays after the due date
    weight: float = 1
    broke: date | None = None  # pays nothing any more from this day on

    @property
    def currency(self) -> str:
        return CURRENCY.get(self.country, "EUR")


@dataclass
class Product:
    id: int
    code: str
    name: str
    category: str
    kind: str
    cost: int
    price: int = 0
    popularity: float = 0
    supplier: str = ""
    parts: list[int] = field(default_factory=list)  # ids of the components of one
    labour: int = 0

    @property
    def inventory(self) -> str:
        return "1510" if self.parts else "1500" if self.category == "Components" else "1520"


class Assignment(NamedTuple):
    employee: int
    name: str
    department: str
    job: str
    gender: str
    start: date
    end: date | None
    cost: int


def products() -> list[Product]:
    made_of: dict[str, Product] = {}
    found: list[Product] = []
    for code, name, cost, supplier in COMPONENTS:
        made_of[code] = Product(len(found) + 1, code, name, "Components", "goods", cost, supplier=supplier)
        found.append(made_of[code])
    for code, name, category, built, labour, price, popularity in MADE:
        parts = [made_of[f"C-{part}"] for part in [*built.split(), "FIN"]]
        cost = labour + sum(part.cost for part in parts)
        found.append(
            Product(
                len(found) + 1, code, name, category, "goods", cost, price, popularity,
                parts=[part.id for part in parts], labour=labour,
            )
        )  # fmt: skip
    for code, name, category, cost, price, popularity, supplier in BOUGHT:
        found.append(
            Product(len(found) + 1, code, name, category, "goods", cost, price, popularity, supplier=supplier)
        )
    for code, name, price, popularity in SERVICES:
        found.append(Product(len(found) + 1, code, name, "Services", "service", 0, price, popularity))
    return found


def parties(rng: Random, start: date) -> list[Party]:
    found = [Party(n, name, "Supplier", land, terms) for n, (name, land, terms) in enumerate(SUPPLIERS, 1)]
    places = [(land, city) for land, cities in CITIES.items() for city in cities.split() for _ in (1, 2)]
    taken: set[str] = set()
    for rank, (land, city) in enumerate(rng.sample(places, len(places))):
        segment = rng.choices(list(SEGMENTS), [s[0] for s in SEGMENTS.values()])[0]
        if rank in (0, 2):  # the largest customers of such a maker are chains and leasing firms
            segment = ("Retail chain", "", "Fleet and leasing")[rank]
        if segment in OTHER_NAMES:
            name = rng.choice(OTHER_NAMES[segment]).format(city)
        else:
            name = f"{rng.choice(DEALERS[land])} {city}"
        while name in taken:
            name = f"{name} II" if name.endswith(city) else f"{name} {land}"
        taken.add(name)
        late = rng.choices((-2, 3, 12, 38), (40, 35, 18, 7))[0]
        party = Party(len(found) + 1, name, segment, land, rng.choice((14, 30, 30, 30, 60)), late)
        party.weight = 1 / (rank + 4) ** 0.85 * (0.6 if land in ("US", "CH") else 1)
        if rank in (31, 64):
            party.broke = start + timedelta(days=rng.randint(350, 650))
        found.append(party)
    return found


def assignments(rng: Random, start: date, until: date) -> list[Assignment]:
    """Who worked where, from when to when, at what cost: a rise every January, leavers are replaced."""
    found: list[Assignment] = []
    heads = 0
    for department, jobs in STAFF.items():
        for job, count, cost in jobs:
            seats = [
                (start - timedelta(days=rng.randint(60, 3200)), rng.gauss(1, 0.06)) for _ in range(count)
            ]
            if department in ("Assembly", "Sales", "Warehouse"):  # growth is hired here
                seats += [
                    (start + timedelta(days=rng.randint(60, 900)), 0.95) for _ in range(max(1, count // 6))
                ]
            for hired, pay in seats:
                while hired <= until:
                    heads += 1
                    gender = rng.choices(("f", "m"), (35, 65))[0]
                    name = f"{rng.choice(NAMES[gender].split())} {rng.choice(SURNAMES.split())}"
                    stays = int(rng.expovariate(1 / 2200)) + 120
                    left = max(start, hired) + timedelta(days=stays)
                    begins = hired
                    while begins <= min(left, until):
                        rises = date(max(begins, start).year + 1, 1, 1)
                        ends = min(left, rises - timedelta(days=1))
                        years = max(begins.year, start.year) - start.year
                        monthly = round(cost * pay * 1.031**years / 100) * 100
                        gone = ends if ends <= until else None
                        found.append(Assignment(heads, name, department, job, gender, begins, gone, monthly))
                        begins = ends + timedelta(days=1)
                    hired = left + timedelta(days=rng.randint(10, 70))
    return found


def plan(year: int, years: int) -> list[tuple[str, date, int]]:
    """The budget of a year that begins so many years after the first: account, month, cents."""
    found: list[tuple[str, date, int]] = []
    season = SEASONS["E-bikes"][0]
    for account, thousands, growth, when in PLAN:
        whole = thousands * 100_000 * (1 + growth) ** years
        for month in range(1, 13):
            part = {
                "season": season[month - 1] / sum(season),
                "month": 1 / 12,
                "quarter": 0.25 * (month % 3 == 0),
            }[when]
            if part:
                found.append((account, date(year, month, 1), round(whole * part / 10_000) * 10_000))
    return found


def timesheets(
    seed: str, people: list[Assignment], monday: date, closed: set[tuple[int, int]]
) -> list[tuple[int, date, str, int]]:
    """The hours of the week that begins on this day, handed in at its end: employee, day, kind, hours."""
    found: list[tuple[int, date, str, int]] = []
    days = [monday + timedelta(days=n) for n in range(5)]
    for person in people:
        here = [day for day in days if person.start <= day <= (person.end or day)]
        rng = Random(f"{seed} {person.employee} {monday}")  # noqa: S311
        away, spell = rng.random(), rng.randint(1, 4)
        summer = 0.3 if monday.month in (7, 8) else 0.03
        ill = 0.09 if monday.month in (1, 2, 3, 11, 12) else 0.05
        hours = {"work": 0, "holiday": 0, "sick": 0}
        for n, day in enumerate(here):
            if (day.month, day.day) in closed or away < summer or (day.month == 12 and day.day > 23):
                hours["holiday"] += 8
            elif away < summer + ill and n < spell:
                hours["sick"] += 8
            else:
                hours["work"] += 8
        found += [(person.employee, here[-1], kind, n) for kind, n in hours.items() if n]
    return found
