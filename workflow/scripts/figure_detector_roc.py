"""ROC curves of the same events with two detectors in the weights, and the differences of their areas."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["scores"],
    outputs=["curves", "facts", "shown"],
    params=["figures", "detectors", "truth", "bootstrap"],
)

with logged(given) as log:
    from momentax.classify.detectors import Scores, compare_detectors
    from momentax.classify.workflow import save_curves
    from momentax.plots.config import FiguresConfig
    from momentax.plots.detectors import detector_roc
    from momentax.plots.style import save
    from momentax.regress.store import load_arrays, save_json

    scores = {}
    for detector, path in zip(given.detectors, given.scores, strict=True):
        arrays, _ = load_arrays(path)
        names = dict.fromkeys(key.split("/")[0] for key in arrays)
        scores[detector] = {n: Scores(*(arrays[f"{n}/{f}"] for f in Scores._fields)) for n in names}
    curves, differences = compare_detectors(scores, given.bootstrap)
    for name, found in differences.items():
        log.info("AUC, %s: %.4f +- %.4f", name, found["auc"], found["error"])
    save_curves(given.curves, {"detectors": curves})
    areas = {
        c.name: {"auc": c.auc, "error": c.auc_error, "events": [c.n_signal, c.n_background]} for c in curves
    }
    save_json(given.facts, {"auc": areas, "difference": differences})
    config = FiguresConfig.model_validate(given.figures)
    save(detector_roc(curves, differences, given.truth, config), Path(given.shown).with_suffix(""), config)
