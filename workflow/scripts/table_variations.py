"""Bias and resolution of the networks under every variation, and what it does to the discriminant's AUC."""

import json
from pathlib import Path

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["facts"], outputs=["table", "page"])

with logged(given):
    from momentax.tables import write_csv, write_html
    from momentax.vary.tables import variation_rows

    rows = variation_rows([json.loads(Path(path).read_text()) for path in given.facts])
    write_csv(given.table, rows)
    write_html(given.page, rows, "Effects of the variations", ["variation", "kind", "sample"])
