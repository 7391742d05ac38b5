"""Change of the event information by a variation, and ROC curves of a discriminant with and without it."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["informations", "roc", "facts"],
    outputs=["shifts", "roc_shown"],
    params=["figures"],
    wildcards=["variation"],
)

with logged(given):
    from momentax.classify.workflow import load_curves
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.plots.variations import information_shifts, varied_roc
    from momentax.regress.store import load_arrays

    config = FiguresConfig.model_validate(given.figures)
    columns, about = load_arrays(given.informations[0])
    changes = {
        kind: tuple(
            columns[f"{kind}/{source}"][1] - columns[f"{kind}/{source}"][0]
            for source in ("integral", "network")
        )
        for kind in about["kinds"]
    }
    save(information_shifts(changes, given.variation, config), Path(given.shifts).with_suffix(""), config)
    facts = json.loads(Path(given.facts[0]).read_text())
    curves = load_curves(given.roc[0])["discriminant"]
    figure = varied_roc(curves, facts["roc"], facts["discriminant"], given.variation, config)
    save(figure, Path(given.roc_shown).with_suffix(""), config)
