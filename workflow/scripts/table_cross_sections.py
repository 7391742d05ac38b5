"""Cross section, acceptance, efficiency and sigma_vis of every hypothesis and sample."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["hypotheses", "samples"],
    outputs=["table", "page"],
)

with logged(given):
    from momentax.tables import cross_section_rows, readable_cross_sections, write_csv, write_html

    hypotheses, samples = (
        [json.loads(Path(path).read_text()) for path in paths] for paths in (given.hypotheses, given.samples)
    )
    rows = cross_section_rows(hypotheses, {record["sample"]: record for record in samples})
    write_csv(given.table, rows)
    title = "Cross sections of one pair of lepton flavours, before and after selection and efficiency"
    write_html(given.page, readable_cross_sections(rows), title, ["of"])
