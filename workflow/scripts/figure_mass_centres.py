"""Medians of the measured masses of signals beside the centres of the ellipses of CMS: a table and a figure."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["facts"],
    outputs=["shown", "table"],
    params=["figures"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.mass_centres import mass_centres
    from momentax.plots.style import save
    from momentax.scan.mass_centres import table_rows
    from momentax.tables import write_csv

    config = FiguresConfig.model_validate(given.figures)
    rows = table_rows([json.loads(Path(path).read_text()) for path in given.facts])
    write_csv(given.table, rows)
    save(mass_centres(rows, config), Path(given.shown).with_suffix(""), config)
