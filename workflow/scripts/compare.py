"""Kinematics of two samples of the same process: histograms and chi2 of their shapes."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["sample", "reference"],
    outputs=["histograms", "facts"],
)

with logged(given) as log:
    from momentax.events import read_events
    from momentax.events.observables import compare, comparison_arrays
    from momentax.regress.store import save_arrays, save_json

    events, reference = (read_events(paths[0], truth=False) for paths in (given.sample, given.reference))
    found = compare(events, reference)
    shapes = {name: comparison.shape() for name, comparison in found.items()}
    for name, shape in shapes.items():
        log.info("%s: %s", name, ", ".join(f"{key} {value:.3g}" for key, value in shape.items()))
    facts = {"events": [len(events), len(reference)], "shapes": shapes}
    save_json(given.facts, facts)
    save_arrays(given.histograms, comparison_arrays(found), facts)
