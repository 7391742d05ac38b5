"""Response, recoil and directions of the simulated events beside the transfer functions fitted to them."""

import json
from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["closure", "facts"],
    outputs=["response", "recoil", "directions"],
    params=["figures"],
    wildcards=["simulation"],
)

with logged(given):
    from momentax.plots.config import FiguresConfig
    from momentax.plots.style import save
    from momentax.plots.transfer import directions, recoil, response
    from momentax.regress.store import load_arrays
    from momentax.transfer.closure import histograms_of

    config = FiguresConfig.model_validate(given.figures)
    histograms = histograms_of(load_arrays(given.closure[0])[0])
    fit = json.loads(Path(given.facts[0]).read_text())["fit"]
    figure = response(histograms, given.simulation, config)
    save(figure, Path(given.response).with_suffix(""), config)
    figure = recoil(histograms, fit["recoil"], given.simulation, config)
    save(figure, Path(given.recoil).with_suffix(""), config)
    figure = directions(histograms, given.simulation, config)
    save(figure, Path(given.directions).with_suffix(""), config)
