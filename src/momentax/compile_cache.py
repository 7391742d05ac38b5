"""Where compiled code is kept, so that jobs and calls of the command line compile an integrand once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from pathlib import Path


def kind_of_cpu() -> str:
    """Name of this kind of CPU: compiled code of one does not run on every other."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return platform.machine() + "-" + hashlib.sha256(line.encode()).hexdigest()[:8]
    return platform.machine()


def cache_folder() -> Path:
    """Folder of compiled code for calls from the working folder.

    ``.cache/jax`` where that exists or the working folder is a checkout of the project, so that the command line shares
    it with the jobs of the workflow; else ``momentax/jax`` in the user's cache (``$XDG_CACHE_HOME``, or ``~/.cache``).
    """
    local = Path(".cache/jax")
    if local.is_dir() or (Path("Snakefile").is_file() and Path("src/momentax").is_dir()):
        return local
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "momentax/jax"


def use_compile_cache(folder: Path | None = None) -> None:
    """Have JAX keep what it compiles in ``folder`` (by default :func:`cache_folder`), apart for each kind of CPU.

    ``JAX_COMPILATION_CACHE_DIR`` in the environment goes before it. Call it before the first compilation.
    """
    import jax

    # XLA takes two of its own tuning flags, stored with compiled code, for missing CPU features and says so at
    # length; real differences between CPUs are kept apart by the folder.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    chosen = os.environ.setdefault(
        "JAX_COMPILATION_CACHE_DIR", str(((folder or cache_folder()) / kind_of_cpu()).resolve())
    )
    least = os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
    jax.config.update("jax_compilation_cache_dir", chosen)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", float(least))
