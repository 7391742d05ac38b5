"""Hash of the source that a stage depends on: changed source reruns what depends on it, nothing else."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parent


def fingerprint(*modules: str) -> str:
    """Hash (16 hex digits) of the given modules, of all momentax modules that they import, and of their data.

    modules: dotted names below momentax, as ``"weight"`` or ``"regress.fit"``. Imports are followed in the
    source, also those inside functions; names that ``momentax/__init__.py`` loads on first use are not. A file
    of ``momentax/data`` counts where a module has its name as a string. Comments and layout do not count.
    Raises ValueError for a module that does not exist.
    """
    todo, seen = [f"momentax.{m}" for m in modules], set[str]()
    for name in todo:
        if _file(name) is None:
            raise ValueError(f"{name}: no such module, so its source cannot be fingerprinted")
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += _imports(name)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(f"{name} {_digest(name)}\n".encode())
    for file in sorted({file for name in seen for file in _data(name)}):
        digest.update(f"{file} {_data_digest(file)}\n".encode())
    return digest.hexdigest()[:16]


def _file(name: str) -> Path | None:
    path = _ROOT.joinpath(*name.split(".")[1:])
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((c for c in candidates if c.is_file()), None)


@cache
def _tree(name: str) -> ast.Module:
    file = _file(name)
    assert file is not None
    return ast.parse(file.read_text(), filename=str(file))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(ast.dump(_tree(name)).encode()).hexdigest()


@cache
def _imports(name: str) -> tuple[str, ...]:
    found = set[str]()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {f for f in found if f.split(".")[0] == "momentax" and _file(f) is not None}
    parents = {".".join(f.split(".")[:k]) for f in ours for k in range(1, f.count(".") + 1)}
    return tuple(sorted(ours | parents))


@cache
def _data(name: str) -> tuple[str, ...]:
    """Files of the data folder that a module names."""
    folder = _ROOT / "data"
    there = {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()
    strings = {node.value for node in ast.walk(_tree(name)) if isinstance(node, ast.Constant)}
    return tuple(sorted(there & strings))


@cache
def _data_digest(file: str) -> str:
    return hashlib.sha256((_ROOT / "data" / file).read_bytes()).hexdigest()
