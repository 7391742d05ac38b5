"""Table 3: bias and resolution of the Drell-Yan and ttbar networks, nominal and with shifted jets."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["metrics", "shifted"],
    outputs=["table", "page"],
    params=["kinds", "variations", "classes", "bootstrap", "seed"],
)

with logged(given):
    from momentax.regress.paper_tables import bias_rows, readable
    from momentax.tables import write_csv, write_html

    metrics = {
        kind: json.loads(Path(path).read_text())
        for kind, path in zip(given.kinds, given.metrics, strict=True)
    }
    shifted = dict(zip(given.variations, given.shifted, strict=True))
    rows = bias_rows(metrics, shifted, given.classes, given.bootstrap, given.seed)
    write_csv(given.table, rows)
    title = "Table 3: bias and resolution of the networks, nominal and with shifted jets"
    write_html(given.page, readable(rows), title, ["hypothesis", "variation"])
