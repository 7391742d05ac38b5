"""Single precision, where a test bounds what it does to a weight."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def single(tree: Any) -> Any:
    """A tree of arrays or numbers, its real numbers in single precision (integers stay)."""

    def cast(a: Any) -> jax.Array:
        a = jnp.asarray(a)
        return a.astype(jnp.float32) if jnp.issubdtype(a.dtype, jnp.floating) else a

    return jax.tree.map(cast, tree)
