"""Information at a mass point that was not weighed before: integral, network, and interpolation of weighed points."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "weights", "regressor"],
    outputs=["rows"],
    params=["hypothesis", "shards", "classes", "bootstrap", "seed"],
)

with logged(given) as log:
    from momentax.regress import load_regressor
    from momentax.regress.interpolation import Files, save_interpolation

    samples = {
        name: Files(events, weights, given.shards[name])
        for name, events, weights in zip(given.classes, given.events, given.weights, strict=True)
    }
    facts = save_interpolation(
        given.rows,
        samples,
        given.classes,
        given.hypothesis,
        load_regressor(given.regressor[0]),
        given.bootstrap,
        given.seed,
    )
    log.info("between %s: %s", facts["vertices"], facts["shares"])
    log.info("test events %s, left out %s", facts["counts"], sum(facts["left_out"].values()))
