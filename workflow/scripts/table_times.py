"""Table 2: topologies, training and evaluation times."""

import json
from pathlib import Path

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["facts"], outputs=["table", "page"])

with logged(given):
    from momentax.regress.paper_tables import time_rows
    from momentax.tables import write_csv, write_html

    rows = time_rows(json.loads(Path(given.facts[0]).read_text()))
    write_csv(given.table, rows)
    write_html(given.page, rows, "Table 2: topologies, training and evaluation times", ["hypothesis"])
