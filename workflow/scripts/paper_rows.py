"""Test events of one kind of network under some hypotheses, by process class."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["predictions"],
    outputs=["rows"],
    params=["hypotheses", "classes", "bootstrap", "seed"],
)

with logged(given) as log:
    from momentax.regress.evaluation import save_rows

    facts = save_rows(
        given.rows, given.predictions[0], given.hypotheses, given.classes, given.bootstrap, given.seed
    )
    for label, counts in facts["counts"].items():
        log.info("%s: test events %s", label, counts)
