"""Transfer functions and recoil of simulated events with truth: table, section of the configuration, facts."""

import yaml
from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["file"],
    outputs=["table", "section", "smeared", "facts", "closure"],
    params=["spec", "selection", "min_entries"],
)

with logged(given) as log:
    from momentax.config import FileSimulation, SelectionConfig
    from momentax.events import read_events
    from momentax.regress.store import save_arrays, save_json, save_text
    from momentax.transfer.closure import closure, closure_arrays
    from momentax.transfer.fit import fit_transfer_functions

    spec = FileSimulation.model_validate(given.spec)
    cuts = SelectionConfig.model_validate(given.selection).model_dump()
    events = read_events(
        given.file[0], tree=spec.tree, branches=spec.branches or None, entry_stop=spec.max_events, **cuts
    )
    log.info("cut flow\n%s", events.attrs["cut_flow_text"])
    fitted = fit_transfer_functions(events, min_entries=given.min_entries, jet_pt_min=spec.jet_pt_min)
    section, smeared = (
        {"physics": {"detector": fitted.config_section(given.table, smeared=directions)}}
        for directions in (False, True)
    )
    text = yaml.safe_dump(section, sort_keys=False)
    log.info("fitted\n%s", text)
    histograms = closure(events, fitted, spec.jet_pt_min)
    chi2 = {name: histogram.chi2() for name, histogram in histograms.items()}
    for name, (value, bins) in chi2.items():
        log.info("%s: chi2 %.1f in %d bins", name, value, bins)
    origin = "# Fitted to {}. Give it beside a configuration: --configfile config.yaml {}\n"
    fitted.save_table(given.table)
    save_text(given.section, origin.format(given.file[0], given.section) + text)
    text = yaml.safe_dump(smeared, sort_keys=False)
    save_text(given.smeared, origin.format(given.file[0], given.smeared) + text)
    save_json(given.facts, {"config": section, "fit": fitted.facts, "closure_chi2_bins": chi2})
    save_arrays(given.closure, closure_arrays(histograms), {})
