"""Find the files of a PDF set: by path, through LHAPDF's search path, or inside the pythia8mc wheel."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from functools import lru_cache
from pathlib import Path

from momentax.errors import ConfigError, nearest
from momentax.pdf.grid import read_info

DEFAULT_SET = "NNPDF31_lo_as_0118"
"""Leading-order set that every installation has: it travels inside the pythia8mc wheel."""

_MEMBER = re.compile(r"(?P<set>.+)_(?P<member>\d{4})\.dat")


def lhapdf_folders() -> list[Path]:
    """Folders of ``LHAPDF_DATA_PATH`` (colon separated; ``LHAPATH`` is LHAPDF's older name for it)."""
    variable = os.environ.get("LHAPDF_DATA_PATH") or os.environ.get("LHAPATH") or ""
    return [Path(folder) for folder in variable.split(os.pathsep) if folder]


@lru_cache(maxsize=1)
def pythia_grids() -> dict[str, Path]:
    """LHAPDF6 member files inside the installed pythia8mc: ``{"NNPDF31_lo_as_0118_0000.dat": path, ...}``."""
    folders = []
    try:
        files = importlib.metadata.files("pythia8mc") or []
        folders = [Path(str(file.locate())).parent for file in files if file.parent.name == "pdfdata"]
    except importlib.metadata.PackageNotFoundError:
        pass
    # a wheel unpacked by other means (conda) has no list of files, but the same layout below the prefix
    folders.append(Path(sys.prefix) / "share" / "Pythia8" / "pdfdata")
    grids: dict[str, Path] = {}
    for folder in dict.fromkeys(path.resolve() for path in folders):
        for path in sorted(folder.glob("*.dat")):
            if _MEMBER.fullmatch(path.name):
                grids.setdefault(path.name, path)
    return grids


def locate_pdf(
    name_or_path: str | os.PathLike[str] = DEFAULT_SET, member: int = 0
) -> tuple[Path, Path | None]:
    """Member file and ``.info`` file (None where there is none) of a set.

    Searched in this order: a path to a ``.dat`` file (``member`` is then the file's own) or to a set's
    folder; a set's name in the folders of LHAPDF_DATA_PATH; a set's name among the grids inside pythia8mc
    (member 0 only).

    Raises :class:`ConfigError` that lists where it looked and the nearest name.
    """
    name = os.fspath(name_or_path)
    path = Path(name).expanduser()
    if path.suffix == ".dat":
        if path.is_file():
            match = _MEMBER.fullmatch(path.name)
            info = path.with_name(f"{match['set']}.info") if match else None
            return path, info if info is not None and info.is_file() else None
        if path.name == name and name in pythia_grids():
            return pythia_grids()[name], None
        raise ConfigError(f"PDF grid file {path} does not exist (a set's name is written without .dat)")
    folders = [path.parent] if path.name != name else lhapdf_folders()
    for folder in folders:
        if (folder / path.name / f"{path.name}.info").is_file():
            return _member_of_set(folder / path.name, member)
    file = f"{name}_{member:04d}.dat"
    if file in pythia_grids():
        return pythia_grids()[file], None
    raise ConfigError(_not_found(name, member, folders))


def _member_of_set(folder: Path, member: int) -> tuple[Path, Path]:
    info = folder / f"{folder.name}.info"
    path = folder / f"{folder.name}_{member:04d}.dat"
    if not path.is_file():
        count = read_info(info).get("NumMembers", "an unknown number of")
        raise ConfigError(
            f"PDF set {folder.name} in {folder.parent} has no file {path.name}: member {member} of {count} "
            f"members; fetch it with 'lhapdf get {folder.name}' or choose another member"
        )
    return path, info


def _not_found(name: str, member: int, folders: list[Path]) -> str:
    known = {match["set"] for file in pythia_grids() if (match := _MEMBER.fullmatch(file))}
    if name in known:
        return (
            f"PDF set {name}: pythia8mc ships only member 0, not {member}; let LHAPDF_DATA_PATH lead to all"
        )
    for folder in folders:
        known.update(info.stem for info in folder.glob("*/*.info"))
    searched = ", ".join(map(str, folders)) or "LHAPDF_DATA_PATH (not set)"
    shipped = (
        f"the {len(pythia_grids())} grids inside pythia8mc" if pythia_grids() else "pythia8mc (not installed)"
    )
    return f"PDF set {name!r} not found; searched {searched} and {shipped}{nearest(name, known)}"
