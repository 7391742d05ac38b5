"""Bias and resolution of every network by sample and by hypothesis."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["metrics"],
    outputs=["table", "page"],
    params=["kinds"],
)

with logged(given):
    from momentax.regress.paper_tables import readable, residual_rows
    from momentax.tables import write_csv, write_html

    metrics = {
        kind: json.loads(Path(path).read_text())
        for kind, path in zip(given.kinds, given.metrics, strict=True)
    }
    rows = residual_rows(metrics)
    write_csv(given.table, rows)
    write_html(given.page, readable(rows), "Residuals of the networks on test events", ["network", "by"])
