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
    chi2 = {name: comparison.chi2() for name, comparison in found.items()}
    for name, (value, degrees) in chi2.items():
        log.info("%s: chi2 %.1f for %d degrees of freedom", name, value, degrees)
    facts = {"events": [len(events), len(reference)], "chi2_degrees": chi2}
    save_json(given.facts, facts)
    save_arrays(given.histograms, comparison_arrays(found), facts)
