"""Reader of the LHAPDF6 grid format ``lhagrid1`` (Buckley et al., Eur. Phys. J. C 75 (2015) 132, section 3).

A member file is a YAML header, then blocks separated by lines ``---``: one subgrid for each range of Q
between two flavour thresholds. A subgrid is a line of x knots, a line of Q knots, a line of PDG ids, then
one row of x f(x, Q) per knot, x slowest, one column per id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from momentax.errors import InputError

GLUON = 21

# Columns of fixed width may touch, as "0.00000000e+000.00000000e+00" in pythia8mc's CT14qed.
_GLUED = re.compile(r"([eE][+-]\d\d)(?=\d\.)")


@dataclass(frozen=True)
class SubGrid:
    """Knots of one range of Q: ``values[ix, iq, i]`` is x f of ``pids[i]`` at ``x[ix]``, ``q[iq]`` (GeV)."""

    x: np.ndarray
    q: np.ndarray
    pids: tuple[int, ...]
    values: np.ndarray


def read_grid(path: Path) -> tuple[dict[str, Any], list[SubGrid]]:
    """Header and subgrids, in rising Q, of one ``.dat`` file.

    Raises :class:`InputError` naming the file, the block and what is wrong with it.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"PDF grid {path}: cannot be read as a text file ({error})") from error
    blocks = [block.strip() for block in text.split("\n---")]
    header = _header(path, blocks[0])
    grids = [_subgrid(path, number, block) for number, block in enumerate(blocks[1:], 1) if block]
    if not grids:
        raise InputError(f"PDF grid {path}: no data block after the header; is the download complete?")
    for number, (low, high) in enumerate(pairwise(grids), 1):
        if low.pids != high.pids:
            raise InputError(f"PDF grid {path}: blocks {number} and {number + 1} list different partons")
        if not np.isclose(low.q[-1], high.q[0], rtol=1e-6):
            raise InputError(
                f"PDF grid {path}: block {number} ends at Q = {low.q[-1]:g} GeV, block {number + 1} begins "
                f"at {high.q[0]:g} GeV; blocks must meet at the flavour threshold"
            )
    return header, grids


def read_info(path: Path) -> dict[str, Any]:
    """The ``.info`` file of a set as a dictionary. Raises :class:`InputError` when it is not YAML."""
    return _header(path, path.read_text(encoding="utf-8"))


def _header(path: Path, text: str) -> dict[str, Any]:
    try:
        header = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise InputError(f"{path}: the header is not valid YAML ({error})") from error
    if not isinstance(header, dict):
        raise InputError(f"{path}: not an LHAPDF6 file (its header has no 'Key: value' lines)")
    if header.get("Format", "lhagrid1") != "lhagrid1":
        raise InputError(f"{path}: format {header['Format']!r} is not supported; only 'lhagrid1' is")
    return header


def _subgrid(path: Path, number: int, block: str) -> SubGrid:
    where = f"PDF grid {path}, block {number}"
    lines = block.split("\n", 3)
    if len(lines) < 4:
        raise InputError(f"{where}: expected x knots, Q knots, parton ids and rows of values")
    try:
        x = np.array(lines[0].split(), dtype=float)
        q = np.array(lines[1].split(), dtype=float)
        # LHAPDF writes the gluon as 21, or 0 in old sets
        pids = tuple(int(pid) or GLUON for pid in lines[2].split())
        values = np.array(_GLUED.sub(r"\1 ", lines[3]).split(), dtype=float)
    except ValueError as error:
        raise InputError(f"{where}: not a number ({error})") from error
    if values.size != x.size * q.size * len(pids):
        raise InputError(
            f"{where}: {values.size} values, expected {x.size} x knots times {q.size} Q knots "
            f"times {len(pids)} partons"
        )
    if not np.all(np.isfinite(values)):
        raise InputError(f"{where}: contains values that are not finite")
    values = values.reshape(x.size, q.size, len(pids))
    # Of knots printed alike (CT14qed has 1e-9 twice, rounded from a smaller first one) only the last is used:
    # a slope between them does not exist.
    keep = np.append(np.diff(x) != 0.0, True)
    x, values = x[keep], values[keep]
    if x.size < 4 or q.size < 2:
        raise InputError(f"{where}: {x.size} x knots and {q.size} Q knots; at least 4 and 2 are needed")
    if x[0] <= 0 or q[0] <= 0 or np.any(np.diff(x) <= 0) or np.any(np.diff(q) <= 0):
        raise InputError(f"{where}: the x and Q knots must be positive and rising")
    return SubGrid(x, q, pids, values)
