"""What a variation does to weights, networks and a discriminant."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["nominal_events", "nominal_weights", "events", "weights", "regressors"],
    outputs=["facts"],
    params=[
        "about",
        "same_points",
        "classes",
        "discriminant",
        "kinds",
        "fractions",
        "bootstrap",
        "points",
        "seed",
    ],
    wildcards=["variation"],
)

with logged(given) as log:
    from pathlib import Path

    from momentax.regress import load_regressor
    from momentax.regress.targets import read_weighted_events
    from momentax.vary.effects import save_effects
    from momentax.vary.workflow import selected_shares

    name = given.variation
    nominal = read_weighted_events(given.nominal_events, given.nominal_weights)
    varied = read_weighted_events(given.events, given.weights, name if given.same_points else None)
    regressors = dict(zip(given.kinds, map(load_regressor, given.regressors), strict=True))
    facts = {
        "variation": name,
        "about": given.about,
        "still_selected": {} if given.same_points else selected_shares(given.events),
    }
    found = save_effects(
        Path(given.facts).parent,
        nominal,
        varied,
        regressors,
        tuple(given.discriminant) if given.discriminant else None,
        given.classes,
        facts,
        fractions=given.fractions,
        replicas=given.bootstrap,
        points=given.points,
        seed=int(given.seed),
    )
    for row in found["roc"]:
        log.info("%(curve)s: AUC %(auc).4f, %(difference)+.4f +- %(difference_error).4f", row)
