"""What Table 2 says of every network: topology, times of the training, of the integrals and of the prediction."""

import csv
import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "regressors", "metrics", "histories", "statuses"],
    outputs=["facts"],
    params=["kinds", "networks"],
)

with logged(given) as log:
    from momentax.regress import load_regressor
    from momentax.regress.paper_tables import kind_facts, network_microseconds
    from momentax.regress.store import load_arrays, save_json

    statuses = list(csv.DictReader(Path(given.statuses[0]).open()))
    facts = {}
    for kind, regressor, metrics, history in zip(
        given.kinds, given.regressors, given.metrics, given.histories, strict=True
    ):
        config = given.networks[kind]
        timed = network_microseconds(load_regressor(regressor), given.events, tuple(config["fractions"]))
        log.info("%s: %.1f us a weight, %d events", kind, *timed)
        facts[kind] = kind_facts(
            config, json.loads(Path(metrics).read_text()), load_arrays(history)[0], statuses, kind, *timed
        )
    save_json(given.facts, facts)
