"""Measured masses of a signal in the signal region, and their medians beside the ellipses of CMS."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["plane", "facts"],
    params=["selection", "masses", "seed"],
    wildcards=["sample"],
)

with logged(given) as log:
    from dataclasses import asdict

    from momentax.config import SelectionConfig
    from momentax.events import read_events
    from momentax.regress.store import save_arrays, save_json
    from momentax.scan.mass_centres import mass_plane, summarise

    cuts = SelectionConfig.model_validate(given.selection).model_dump() | {"signal_region": True}
    plane = mass_plane(read_events(given.events[0], truth=False, **cuts))
    facts = {"sample": given.sample} | summarise(plane, *given.masses, int(given.seed))
    log.info("%s", ", ".join(f"{name} {value}" for name, value in facts.items()))
    save_json(given.facts, facts)
    save_arrays(given.plane, asdict(plane), facts)
