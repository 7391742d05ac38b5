"""Tables of the report: statuses before and after the second pass, cut flows, cross sections; as rows, CSV and HTML."""

from __future__ import annotations

import csv
import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from momentax.atomic import atomic_path
from momentax.events.rootfile import PathLike, opened, read_metadata
from momentax.integrate.result import STATUS, is_invalid
from momentax.weights_io import STEP, read_weights

Row = dict[str, Any]

_STYLE = """body { font: 14px/1.4 sans-serif; margin: 1.5em; } table { border-collapse: collapse; }
th, td { padding: 0.25em 0.8em; text-align: right; white-space: nowrap; } td.text, th.text { text-align: left; }
thead th { border-bottom: 1.5px solid #333; } tr.first td { border-top: 1px solid #bbb; }
caption { text-align: left; margin-bottom: 0.8em; max-width: 70em; }"""


def status_rows(first: Mapping[str, PathLike], final: Mapping[str, PathLike]) -> list[Row]:
    """Two rows (``before``, ``after`` the second pass) per sample and hypothesis.

    Parameters: ``first``, ``final``: sample -> weights file before and after. A row has the number of weights, of each
    status, of the paper's "invalid" ones (value <= error) with their share in percent, the mean number of evaluations,
    and the CPU seconds per weight. Raises InputError for a file that cannot be read.
    """
    tables = [{s: _count(path) for s, path in files.items()} for files in (first, final)]
    return [
        {"sample": sample, "hypothesis": label, "pass": name, **table[sample][label]}
        for sample in first
        for label in tables[0][sample]
        for name, table in zip(("before", "after"), tables, strict=True)
    ]


def _count(path: PathLike) -> dict[str, Row]:
    """Counts by hypothesis of a weights file, read in ranges."""
    part = read_weights(path, 0, STEP)
    metadata, done = part.metadata, 0
    total = metadata["entries_total"]
    sums = {label: dict.fromkeys((*STATUS, "invalid", "n_eval"), 0) for label in part.weights}
    while True:
        for label, records in part.weights.items():
            for status in STATUS:
                sums[label][status] += int(np.count_nonzero(records["status"] == status))
            sums[label]["invalid"] += int(np.count_nonzero(is_invalid(records)))
            sums[label]["n_eval"] += int(records["n_eval"].sum())
        done += len(part.event)
        if done >= total:
            break
        part = read_weights(path, done, done + STEP)
    rows = {}
    for label, n in sums.items():
        row: Row = {"weights": total, **{name: n[name] for name in (*STATUS, "invalid")}}
        row["invalid_percent"] = 100.0 * n["invalid"] / total if total else 0.0
        row["mean_n_eval"] = n["n_eval"] / total if total else 0.0
        row["cpu_seconds"] = metadata.get("cpu_seconds", {}).get(label, 0.0) / total if total else 0.0
        rows[label] = row
    return rows


def cut_flow_rows(events: Mapping[str, PathLike]) -> list[Row]:
    """Events of each sample after every cut, from the metadata of the events files.

    A sample from a file has a row per cut. One of the generator has two, trials of the unweighting and selected events:
    it applies the cuts at once and gives cross sections (pb, one pair of lepton flavours) before and after them, whose
    ratio is the share.
    """
    rows: list[Row] = []
    for sample, path in events.items():
        with opened(path) as file:
            metadata = read_metadata(file, path)
        if info := metadata.get("simulation"):
            steps = (
                ("generated (trials of the unweighting)", info["n_trials"], 1.0, info["sigma_pb"]),
                (
                    "selected (unweighted)",
                    info["n_events"],
                    info["sigma_vis_pb"] / info["sigma_pb"],
                    info["sigma_vis_pb"],
                ),
            )
            rows += [
                {"sample": sample, "cut": c, "events": n, "share_percent": 100.0 * share, "sigma_pb": s}
                for c, n, share, s in steps
            ]
        for step in metadata.get("cut_flow", []):
            row = {"sample": sample, "cut": step["cut"], "events": step["events"]}
            rows.append(row | {"share_percent": 100.0 * step["fraction"], "sigma_pb": None})
    return rows


CROSS_SECTIONS = ("sigma", "acceptance", "sigma_selected", "efficiency", "sigma_vis")


def cross_section_rows(
    hypotheses: Sequence[Mapping[str, Any]], samples: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """A row per hypothesis and sample: sigma, acceptance, their product, efficiency, sigma_vis, each with its error.

    Parameters: records of :class:`momentax.simulate.CrossSections` with ``hypothesis``, and of
    :func:`momentax.cross_section_files.sample_record` by sample. None: not known, or (efficiency) not applied.
    """
    rows: list[Row] = []
    for record in hypotheses:
        row: Row = {
            "of": "hypothesis",
            "name": record["hypothesis"],
            "origin": "weighted trials of the generator",
        }
        selected = record["sigma_vis"] / record["efficiency"] if record["efficiency"] else 0.0
        relative = 0.0
        if record["acceptance"]:
            # the acceptance has the error of sigma, which sigma x acceptance has not
            of_both = (
                record["acceptance_error"] / record["acceptance"],
                record["sigma_error"] / record["sigma"],
            )
            relative = math.sqrt(max(of_both[0] ** 2 - of_both[1] ** 2, 0.0))
        values = {**record, "sigma_selected": selected, "sigma_selected_error": selected * relative}
        if (record["efficiency"], record["efficiency_error"]) == (1.0, 0.0):
            values |= {"efficiency": None, "efficiency_error": None}
            values["sigma_selected_error"] = record["sigma_vis_error"]
        rows.append(row | _with_errors(values))
    for name, record in samples.items():
        rows.append({"of": "sample", "name": name, "origin": record["origin"], **_with_errors(record)})
    return rows


def _with_errors(values: Mapping[str, Any]) -> Row:
    return {key: values[key] for name in CROSS_SECTIONS for key in (name, f"{name}_error")}


def readable_cross_sections(rows: Sequence[Row]) -> list[Row]:
    """The rows of :func:`cross_section_rows` for a page: value and error in one cell, shares in percent."""
    out = []
    for row in rows:
        shown: Row = {key: row[key] for key in ("of", "name", "origin")}
        for name in CROSS_SECTIONS:
            share = name in ("acceptance", "efficiency")
            unit = " [%]" if share else " [pb]"
            nothing = "not applied" if name == "efficiency" else "unknown"
            value, error = row[name], row[f"{name}_error"]
            scale = 100.0 if share else 1.0
            text = nothing if value is None else value_and_error(scale * value, scale * error)
            shown[name.replace("_", " ") + unit] = text
        out.append(shown)
    return out


def value_and_error(value: float, error: float) -> str:
    """Both to two digits of the error: 22.61 ± 0.13."""
    if not (error > 0.0 and math.isfinite(value)):
        return f"{value:.4g}"
    digits = 1 - math.floor(math.log10(error))
    if abs(value) < 1e-3:
        power = math.floor(math.log10(abs(value))) if value else 0
        digits = max(digits + power, 0)
        return f"({value / 10.0**power:.{digits}f} ± {error / 10.0**power:.{digits}f})e{power}"
    return f"{value:.{max(digits, 0)}f} ± {error:.{max(digits, 0)}f}"


def write_csv(path: PathLike, rows: Sequence[Row]) -> None:
    """Rows as CSV with a header; an empty field where there is no value."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_html(path: PathLike, rows: Sequence[Row], title: str, group: Sequence[str]) -> None:
    """Rows as one HTML page; values of the columns ``group`` are shown where they change."""
    columns = list(rows[0]) if rows else []
    text = {c for c in columns if any(isinstance(row[c], str) for row in rows)}

    def cells(values: Mapping[str, Any], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=text' if c in text else ''}>{html.escape(str(values[c]))}</{tag}>"
            for c in columns
        )

    lines, previous = [], [None] * len(group)
    for row in rows:
        now = [row[c] for c in group]
        shown = {c: _text(row[c]) for c in columns}
        for i, c in enumerate(group):
            if now[: i + 1] == previous[: i + 1]:
                shown[c] = ""
        begins = ' class="first"' if now[:1] != previous[:1] else ""
        lines.append(f"<tr{begins}>{cells(shown, 'td')}</tr>")
        previous = now
    head = cells({c: c.replace("_", " ").replace(" percent", " [%]") for c in columns}, "th")
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><table><caption>{html.escape(title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(lines) + "\n</tbody></table></body></html>\n"
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
