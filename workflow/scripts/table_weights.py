"""Table 1: valid, invalid and recomputed weights."""

import csv
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["statuses"],
    outputs=["table", "page"],
    params=["classes"],
)

with logged(given):
    from momentax.regress.paper_tables import weight_rows
    from momentax.tables import write_csv, write_html

    rows = weight_rows(list(csv.DictReader(Path(given.statuses[0]).open())), given.classes)
    write_csv(given.table, rows)
    write_html(given.page, rows, "Table 1: weights by hypothesis and process of the events", ["hypothesis"])
