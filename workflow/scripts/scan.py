"""Likelihood of a sample over the mass points."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "cross_sections"],
    outputs=["table"],
    params=["scan", "truth"],
)

with logged(given) as log:
    from momentax.config import ScanSection
    from momentax.scan.likelihood import likelihood_from_files

    records = [json.loads(Path(path).read_text()) for path in given.cross_sections]
    likelihood_from_files(
        given.events,
        given.weights,
        {r["hypothesis"]: (r["sigma_vis"], r["sigma_vis_error"]) for r in records},
        ScanSection.model_validate(given.scan),
        Path(given.table).parent,
        truth=tuple(given.truth) if given.truth else None,
        log=log.info,
    )
