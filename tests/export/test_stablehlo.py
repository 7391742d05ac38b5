"""StableHLO: written, read, called."""

import pytest
from agreement import check

from momentax.errors import InputError
from momentax.export import load_stablehlo, write_stablehlo


def test_the_program_is_the_model(regressor, raw, masses, tmp_path):
    path = tmp_path / "r.stablehlo"
    write_stablehlo(regressor, path)
    check(load_stablehlo(path), regressor, raw, masses)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"no program")
    with pytest.raises(InputError, match="not an exported regressor"):
        load_stablehlo(tmp_path / "x")
    with pytest.raises(InputError, match="no such file"):
        load_stablehlo(tmp_path / "y")
