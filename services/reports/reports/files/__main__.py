"""`python -m reports.files`: reads a frozen report and what is wanted of it, writes the file."""

import resource
import sys

import orjson

from reports.files.frozen import Frozen

asked = orjson.loads(sys.stdin.buffer.read())
most = asked["megabytes"] * 1024 * 1024
# What is allocated: the address space would count the fonts, which are only mapped.
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
report, wanted = Frozen(asked["report"]), asked["wanted"]
# Each form brings its own libraries, and no file waits for those of another.
match wanted.pop("form"):
    case "csv":
        from reports.files.tables import csv

        content = csv(report, **wanted)
    case "xlsx":
        from reports.files.tables import xlsx

        content = xlsx(report, **wanted)
    case "pdf":
        from reports.files.paper import pdf

        content = pdf(report, **wanted)
    case "svg":
        from reports.files.pictures import svg

        content = svg(report, **wanted).encode()
    case _:
        from reports.files.pictures import png

        content = png(report, **wanted)
sys.stdout.buffer.write(content)
