"""Network against integral, and the loss by epoch, of one regressor."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["predictions", "history", "metrics"],
    outputs=["regression", "learning", "coverage"],
    params=["figures"],
    wildcards=["kind"],
)

with logged(given):
    import json

    from momentax.plots.config import FiguresConfig
    from momentax.plots.coverage import coverage_curve
    from momentax.plots.learning import learning_curves, regression
    from momentax.plots.style import save
    from momentax.regress.store import load_arrays

    config = FiguresConfig.model_validate(given.figures)
    test, _ = load_arrays(given.predictions[0])
    figure = regression(test["information"], test["predicted"], given.kind, config)
    save(figure, Path(given.regression).with_suffix(""), config)
    columns, about = load_arrays(given.history[0])
    histories = [
        {name.split("/")[1]: values for name, values in columns.items() if name.startswith(f"member{k}/")}
        for k in range(len(about["best_epochs"]))
    ]
    save(learning_curves(histories, given.kind, config=config), Path(given.learning).with_suffix(""), config)
    metrics = json.loads(Path(given.metrics[0]).read_text())
    save(coverage_curve(metrics, given.kind, config), Path(given.coverage).with_suffix(""), config)
