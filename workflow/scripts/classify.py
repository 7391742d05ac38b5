"""Discriminants and classifiers of weighted events, and their ROC curves."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "cross_sections"],
    outputs=["roc"],
    params=["classes", "network"],
)

with logged(given) as log:
    from momentax.classify.config import ClassifyConfig
    from momentax.classify.workflow import run_from_files

    records = [json.loads(Path(path).read_text()) for path in given.cross_sections]
    run_from_files(
        given.events,
        given.weights,
        ClassifyConfig.model_validate(given.network),
        Path(given.roc).parent,
        given.classes,
        {r["hypothesis"]: r["sigma_vis"] for r in records},
        log.info,
    )
