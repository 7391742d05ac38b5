"""chi2 of the kinematics of every pair of samples that is compared."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"), __doc__, inputs=["facts"], outputs=["table", "page"], params=["pairs"]
)

with logged(given):
    from momentax.tables import write_csv, write_html

    rows = [
        {"sample": sample, "reference": reference, "observable": name, **values}
        for (sample, reference), path in zip(given.pairs.items(), given.facts, strict=True)
        for name, values in json.loads(Path(path).read_text())["shapes"].items()
    ]
    write_csv(given.table, rows)
    write_html(given.page, rows, "chi2 of the kinematics of two samples", ["sample", "reference"])
