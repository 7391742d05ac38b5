"""Weights on a GPU are those of the CPU. Skipped, visibly, where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import momentax

EVENTS = Path(__file__).parent / "data/events/tt_600.root"
LABELS = ("drell_yan", "ttbar", "hza_500_300")
ON_CPU = """
import sys
import numpy as np
import momentax
events = momentax.read_events(sys.argv[1])[:8]
np.savez(sys.argv[2], **{h: momentax.weigh(events, h)["value"] for h in sys.argv[3:]})
"""


@pytest.mark.skipif(jax.default_backend() != "gpu", reason="no GPU")
def test_weights_are_those_of_the_cpu(tmp_path):
    """To 1e-9: the same points, sums in another order. Tables are made in single precision: exponents of -50 rounded to
    6e-8 of themselves."""
    out = tmp_path / "cpu.npz"
    command = [sys.executable, "-c", ON_CPU, str(EVENTS), str(out), *LABELS]
    subprocess.run(command, env=os.environ | {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}, check=True)
    expected = np.load(out)
    events = momentax.read_events(EVENTS)[:8]
    for label in LABELS:
        rtol = 2e-5 if label.startswith("hza") else 1e-9
        np.testing.assert_allclose(momentax.weigh(events, label)["value"], expected[label], rtol=rtol)
