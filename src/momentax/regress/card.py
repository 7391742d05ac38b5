"""Model card of a regressor: what it is, what it learned from, how good it is where, and how to call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from momentax.regress.inputs import RAW
from momentax.regress.regressor import Regressor
from momentax.regress.trained_with import training_physics

_PREDICTS = {
    "drell_yan": "Drell-Yan + b bbar (pp -> l+ l- b bbar)",
    "ttbar": "ttbar -> l+ nu b l- nubar bbar at the nominal top mass",
    "hza": "H -> ZA -> l+ l- b bbar, for any (mH, mA) within the mass points below",
}


def model_card(regressor: Regressor) -> str:
    """Markdown of the model card, from what the regressor's file says; equal files give equal cards."""
    parts = [
        _what(regressor),
        _training(regressor),
        _quality(regressor),
        _limits(regressor),
        _physics(regressor),
        _calling(regressor),
    ]
    return "\n\n".join(p.strip() for p in parts if p) + "\n"


def _what(r: Regressor) -> str:
    a, about = r.spec.architecture, r.information
    size = about.get("metrics", {}).get("parameters")
    return f"""# Regressor of {r.kind}

Predicts the event information I = -log10 W of {_PREDICTS[r.kind]}, with W in pb GeV^-6 sr^-4, from the measured momenta
of two leptons, two b jets and the missing momentum; with it the half widths of intervals that hold the integral in 68.3
and 95.5 % of the cases, and whether the event is unlike the training.

| | |
|---|---|
| networks | {len(r.members)}, their mean is the prediction |
| inputs | {a.n_in} (`{r.spec.inputs}`), from {len(RAW)} measured numbers{" and (mH, mA)" if r.kind == "hza" else ""} |
| layers | {a.layers}, {list(a.hidden)}, {a.activation}; output {a.output_activation} |
| parameters of a network | {size if size is not None else "unknown"} |
| made by | momentax {about.get("momentax", "(version unknown)")} |"""


def _training(r: Regressor) -> str:
    about = r.information
    metrics = about.get("metrics", {})
    config = about.get("config", {})
    lines = ["## Training", ""]
    if events := metrics.get("events"):
        lines.append("Events: " + ", ".join(f"{n:,} {side}" for side, n in events.items()) + ".")
    if rows := metrics.get("rows"):
        lines.append(
            "Rows (event, hypothesis): " + ", ".join(f"{n:,} {side}" for side, n in rows.items()) + "."
        )
    if samples := metrics.get("statuses"):
        lines.append(f"Samples: {', '.join(samples)}.")
    left = {
        reason: sum(of.get(reason, 0) for of in metrics.get("left_out", {}).values())
        for of_label in metrics.get("left_out", {}).values()
        for reason in of_label
    }
    if left:
        lines.append("Weights left out: " + ", ".join(f"{n:,} {reason}" for reason, n in left.items()) + ".")
    if r.kind == "hza":
        points = ", ".join(f"({h:g}, {a:g})" for h, a in r.mass_points)
        lines.append(f"Mass points (mH, mA) in GeV: {points}.")
    if config:
        shown = (
            "epochs",
            "batch_size",
            "learning_rate",
            "schedule",
            "error_floor",
            "augment",
            "slopes",
            "seed",
        )
        # `physics` inputs have the symmetries: nothing is augmented
        said = [k for k in shown if k in config and not (k == "augment" and r.spec.inputs == "physics")]
        lines.append("Settings: " + ", ".join(f"{k} {config[k]}" for k in said) + ".")
    return "\n".join(lines)


def _quality(r: Regressor) -> str:
    test = r.information.get("metrics", {}).get("test", {})
    if "bias" not in test.get("all", {}):
        return "## Quality\n\nNot measured."
    text = """## Quality

On test events, never trained on: the residual log10 W_network - log10 W, its mean (bias), root mean square, and half of
its central 68.3 % (width), with bootstrap errors; the share of integrals in the stated 68.3 and 95.5 % intervals."""
    tables = [("all", {"all": test["all"]}), ("sample", test.get("by_sample", {}))]
    if r.kind == "hza":
        tables.append(("hypothesis", test.get("by_hypothesis", {})))
    return text + "".join(_table(title, rows) for title, rows in tables)


def _table(title: str, rows: Mapping[str, Any]) -> str:
    lines = [
        "",
        "",
        f"| {title} | rows | bias | rms | width | in 68.3 % | in 95.5 % | out of domain |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, m in rows.items():
        if "bias" not in m:
            continue
        numbers = [f"{m[k][0]:.4f} +- {m[k][1]:.4f}" for k in ("bias", "rms", "width")]
        covered = [f"{100 * m['coverage'][k]:.1f} %" if "coverage" in m else "" for k in ("68", "95")]
        outside = f"{100 * m['out_of_domain']:.2f} %" if "out_of_domain" in m else ""
        cells = [name, format(m["rows"], ","), *numbers, *covered, outside]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _limits(r: Regressor) -> str:
    lines = [
        "## Limits",
        "",
        "- An event is out of the domain if the mean square of its whitened event inputs exceeds "
        f"{r.domain.limit:.3g}, which 0.1 % of the training events do. The uncertainty promises nothing there: use "
        "`--fallback integral`.",
        "- Intervals cover on average over events like those of the training (split conformal calibration), not for "
        "every kind of event: see the tables.",
        "- The number stands for the integral with the physics below, not for that of another detector, parton density "
        "or selection.",
    ]
    if r.kind == "hza" and len(r.mass_points):
        low, high = r.mass_points.min(axis=0), r.mass_points.max(axis=0)
        lines.append(
            "- Mass points outside the convex hull of those of the training in (ln mH, ln mA) (mH "
            f"{low[0]:g}-{high[0]:g}, mA {low[1]:g}-{high[1]:g} GeV) are out of the domain; between them the network "
            "interpolates."
        )
    return "\n".join(lines)


def _physics(r: Regressor) -> str:
    sections = training_physics(r)
    if not sections:
        return "## Physics of the weights\n\nNot recorded."
    import yaml

    text = "## Physics of the weights\n\nThe section `physics` of the configuration:"
    return text + "".join(f"\n\n```yaml\n{yaml.safe_dump(s, sort_keys=True).strip()}\n```" for s in sections)


def _calling(r: Regressor) -> str:
    columns = "\n".join(f"{i}. `{name}`" for i, name in enumerate(RAW))
    return f"""## Columns

Exported programs (docs/inference.md) take `raw` [n, {len(RAW)}], float32, in GeV and radian:

{columns}

and `masses` [n, 2], (mH, mA) in GeV{"" if r.kind == "hza" else " (any numbers, they are not used)"}. `lep_plus` is \
the positive lepton, j1 and j2 are the b jets in the order of the event (the prediction hardly depends on it)."""
