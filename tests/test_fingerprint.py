"""Fingerprints: what a stage imports counts, comments and other modules do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from momentax import fingerprint as module

CACHED = (module._tree, module._digest, module._imports, module._data, module._data_digest)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The library's source in a folder where it can be changed; fingerprint of the copy as it now is."""
    root = tmp_path / "momentax"
    shutil.copytree(Path(module.__file__).parent, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "_ROOT", root)

    def now(*names: str) -> str:
        for cached in CACHED:
            cached.cache_clear()
        return module.fingerprint(*names)

    yield root, now
    for cached in CACHED:
        cached.cache_clear()


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_a_change_deep_in_what_a_stage_imports_changes_it(copy):
    root, now = copy
    weigh, figures = now("weigh_file"), now("plots.style")
    _append(root / "kinematics/fourvector.py", "\nNEW = 1\n")
    assert now("weigh_file") != weigh
    assert now("plots.style") == figures


def test_comments_and_layout_do_not_count(copy):
    root, now = copy
    before = now("weigh_file")
    _append(root / "weight.py", "\n\n# a comment\n")
    assert now("weigh_file") == before


def test_an_import_inside_a_function_counts(copy):
    root, now = copy
    before = now("regress.targets")
    _append(root / "weights_io.py", "\nNEW = 1\n")
    assert now("regress.targets") != before


def test_figures_do_not_depend_on_the_weight(copy):
    root, now = copy
    before = now("plots.learning", "plots.likelihood", "plots.distributions")
    _append(root / "integrate/batched.py", "\nNEW = 1\n")
    assert now("plots.learning", "plots.likelihood", "plots.distributions") == before


def test_data_of_the_library_count_where_they_are_read(copy):
    root, now = copy
    weigh, figures = now("weigh_file"), now("plots.style")
    cost = now("estimate")
    (root / "data/transfer_functions.npz").write_bytes(b"another table")
    assert now("weigh_file") != weigh
    assert now("plots.style") == figures
    weigh = now("weigh_file")
    (root / "data/costs.json").write_text("{}")
    assert now("weigh_file") == weigh
    assert now("estimate") != cost


def test_an_unknown_module_is_refused():
    with pytest.raises(ValueError, match="no_such: no such module"):
        module.fingerprint("no_such")
