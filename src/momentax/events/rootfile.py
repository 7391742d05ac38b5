"""Opening, checking and writing ROOT files, so that every failure names the file, the tree and the branch."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from momentax.errors import InputError

PathLike = str | os.PathLike[str]

COMPRESSIONS = {"zstd": uproot.ZSTD(5), "lz4": uproot.LZ4(4), "zlib": uproot.ZLIB(4), "none": None}


@contextlib.contextmanager
def reading(path: PathLike, what: str) -> Iterator[None]:
    """Turn whatever uproot raises on a damaged file into one InputError that names the file."""
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # uproot raises a dozen types, from struct.error to those of the decompressors
        text = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            f"{os.fspath(path)}: cannot {what}: the file is truncated, damaged or no ROOT file "
            f"({type(error).__name__}: {text})"
        ) from error


@contextlib.contextmanager
def understanding(path: PathLike, first: int, last: int) -> Iterator[None]:
    """Name the file and the entries when branches were read well but do not fit what they are used for."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: entries {first}..{last}: {error}") from error
    except (ValueError, TypeError) as error:
        text = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            f"{os.fspath(path)}: entries {first}..{last}: the branches do not fit together as objects of an "
            f"event (lists of different lengths, or not numbers): {text}"
        ) from error


@contextlib.contextmanager
def opened(path: PathLike) -> Iterator[Any]:
    """An open ROOT file; InputError naming it if it is missing, a directory or unreadable."""
    name = os.fspath(path)
    if not os.path.exists(name):
        folder = os.path.dirname(name) or "."
        near: list[str] = []
        if os.path.isdir(folder):
            near = difflib.get_close_matches(os.path.basename(name), os.listdir(folder), n=1)
        hint = f"; did you mean {os.path.join(folder, near[0])!r}?" if near else ""
        raise InputError(f"{name}: no such file{hint}")
    if os.path.isdir(name):
        raise InputError(f"{name}: is a folder, want a ROOT file")
    with reading(path, "open it"):
        file = uproot.open(name)
        size, written = os.path.getsize(name), int(file.file.fEND)
    with file:
        if size < written:
            raise InputError(f"{name}: is truncated: {size} of {written} bytes")
        if not file.keys():
            raise InputError(f"{name}: holds nothing: truncated, damaged or never closed by what wrote it")
        yield file


def find_tree(file: Any, path: PathLike, tree: str | None, preferred: Iterable[str]) -> Any:
    """The TTree called ``tree``, else the first of ``preferred``, else the only TTree of the file."""
    with reading(path, "list its contents"):
        classes = file.classnames(cycle=False)
        trees = [name for name, kind in classes.items() if kind == "TTree"]
    if tree is not None:
        if tree not in trees:
            raise InputError(
                f"{os.fspath(path)}: no TTree {tree!r}; it holds {', '.join(trees) or 'no TTree at all'}"
            )
        name = tree
    else:
        known = [name for name in preferred if name in trees]
        if not known and len(trees) != 1:
            if "ROOT::RNTuple" in classes.values():
                raise InputError(
                    f"{os.fspath(path)}: holds an RNTuple; only TTrees are read (write it with mktree)"
                )
            held = ", ".join(f"{k} ({v})" for k, v in list(classes.items())[:10]) or "nothing"
            raise InputError(
                f"{os.fspath(path)}: no TTree {next(iter(preferred))!r}; it holds {held}; "
                "say which with tree=..."
            )
        name = (known or trees)[0]
    with reading(path, f"read tree {name!r}"):
        return file[name]


def read_metadata(file: Any, path: PathLike) -> dict[str, Any]:
    """The JSON object stored as the string ``metadata``; empty if the file has none."""
    with reading(path, "read its metadata"):
        if "metadata" not in file.keys(cycle=False):
            return {}
        text = str(file["metadata"])
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"{os.fspath(path)}: 'metadata' is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise InputError(f"{os.fspath(path)}: 'metadata' is a JSON {type(value).__name__}, want an object")
    return value


def branch_hint(name: str, existing: Iterable[str], taken: Iterable[str] = ()) -> str:
    """``; did you mean 'x'?``, or the first few branches there are (a NanoAOD tree has a thousand).

    Branches that are ``taken`` for something else are not proposed.
    """
    names = [other for other in existing if other not in set(taken)]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"; the tree has {len(names)} branches: {shown}"


def require_branches(path: PathLike, tree: Any, wanted: Iterable[str]) -> None:
    """InputError naming file, tree, branch and nearest existing branch for the first one that is missing."""
    existing = tree.keys(recursive=False)
    have, used = set(existing), list(wanted)
    missing = [name for name in used if name not in have]
    if missing:
        more = f" (and {len(missing) - 1} more: {', '.join(missing[1:6])})" if len(missing) > 1 else ""
        raise InputError(
            f"{os.fspath(path)}: tree {tree.name!r} has no branch {missing[0]!r}{more}"
            f"{branch_hint(missing[0], existing, used)}"
        )


def iterate(
    path: PathLike,
    tree: Any,
    branches: Iterable[str],
    start: int,
    stop: int,
    step: int,
    library: str = "np",
) -> Iterator[tuple[int, Any]]:
    """Chunks (first entry, arrays of the branches) of at most ``step`` entries, in order."""
    wanted = list(dict.fromkeys(branches))
    require_branches(path, tree, wanted)
    chosen = set(wanted)
    for first in range(start, stop, step):
        last = min(first + step, stop)
        with reading(path, f"read entries {first}..{last - 1} of tree {tree.name!r}"):
            arrays = tree.arrays(
                filter_name=lambda name: name in chosen,
                filter_branch=lambda branch: "/" not in branch.name,
                entry_start=first,
                entry_stop=last,
                library=library,
                array_cache=None,
            )
        yield first, arrays


def entry_range(path: PathLike, total: int, start: int | None, stop: int | None) -> tuple[int, int]:
    """The entry range cut at the end of the tree, as slices are; InputError if it is no range.

    A static job graph may give shards beyond the end of a file that turned out shorter: they are empty.
    """
    first = 0 if start is None else int(start)
    last = total if stop is None else int(stop)
    if not 0 <= first <= last:
        raise InputError(f"{os.fspath(path)}: entries {first}..{last} are no range (of a tree with {total})")
    return min(first, total), min(last, total)


class TreeWriter:
    """Writes one TTree chunk by chunk, then the metadata, then renames: the file appears whole or not at all.

    Use as a context manager; ``metadata``, and ``tables`` (further small TTrees: name -> columns, arrays or lists of
    strings), may be changed until the block ends. On an error the temporary file
    is removed and the target, if it existed, stays as it was.
    """

    def __init__(
        self, path: PathLike, tree: str, branches: Mapping[str, np.dtype], compression: str = "zstd"
    ):
        if compression not in COMPRESSIONS:
            raise InputError(f"compression {compression!r}: want one of {', '.join(COMPRESSIONS)}")
        self.path = Path(path)
        self.metadata: dict[str, Any] = {}
        self.tables: dict[str, Mapping[str, np.ndarray | list[str]]] = {}
        self.n_entries = 0
        self._branches = {name: np.dtype(dtype) for name, dtype in branches.items()}
        self._temporary = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.tmp")
        self._tree_name = tree
        self._compression = COMPRESSIONS[compression]

    def __enter__(self) -> TreeWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = uproot.recreate(self._temporary, compression=self._compression)
            self._tree = self._file.mktree(self._tree_name, self._branches)
        except BaseException:
            self._temporary.unlink(missing_ok=True)
            raise
        return self

    def extend(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append a chunk: every branch, equal lengths."""
        chunk = {name: np.asarray(columns[name], dtype=dtype) for name, dtype in self._branches.items()}
        lengths = {len(values) for values in chunk.values()}
        if len(lengths) != 1:
            raise ValueError(f"branches of different lengths {sorted(lengths)}")
        n = lengths.pop()
        if n:  # an empty basket is legal but useless
            self._tree.extend(chunk)
            self.n_entries += n

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with self._file:
                if kind is None:
                    for name, columns in self.tables.items():
                        types = {c: _branch_type(values) for c, values in columns.items()}
                        self._file.mktree(name, types).extend(
                            {c: ak.Array(v) if isinstance(v, list) else v for c, v in columns.items()}
                        )
                    self._file["metadata"] = json.dumps(self.metadata, default=_plain)
            if kind is None:
                os.replace(self._temporary, self.path)
        finally:
            self._temporary.unlink(missing_ok=True)


def _branch_type(values: np.ndarray | list[str]) -> Any:
    return "string" if isinstance(values, list) else values.dtype


def _plain(value: Any) -> Any:
    """numpy scalars and arrays as JSON values."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"metadata: {type(value).__name__} is not a JSON value")
