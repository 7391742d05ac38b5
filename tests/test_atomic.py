"""Outputs whole or absent."""

from __future__ import annotations

import pytest

from momentax.atomic import atomic_path


def test_a_file_appears_when_the_block_succeeds(tmp_path):
    final = tmp_path / "new/out.txt"
    with atomic_path(final) as temporary:
        temporary.write_text("half")
        assert temporary.suffix == ".txt"
        assert not final.exists()
    assert final.read_text() == "half"
    assert [p.name for p in final.parent.iterdir()] == ["out.txt"]


def test_a_failed_block_leaves_the_old_file_and_no_other(tmp_path):
    final = tmp_path / "out.txt"
    final.write_text("old")
    with pytest.raises(RuntimeError, match="stop"), atomic_path(final) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


def test_a_folder_replaces_a_folder(tmp_path):
    final = tmp_path / "out"
    for text in ("first", "second"):
        with atomic_path(final) as temporary:
            temporary.mkdir()
            (temporary / text).touch()
    assert [p.name for p in final.iterdir()] == ["second"]
