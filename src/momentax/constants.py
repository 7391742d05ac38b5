"""Numbers of the definition of the weight. Units: GeV, radian, pb."""

from __future__ import annotations

HBARC2_PB = 0.3893793721e9
"""(hbar c)^2 in pb GeV^2: 1 GeV^-2 in pb."""

SQRT_S = 13000.0
"""Default proton-proton centre-of-mass energy, GeV."""

MASS_B = 4.7
"""b-quark pole mass of the kinematics and of the matrix elements, GeV."""

MASS_Z, WIDTH_Z = 91.1876, 2.4952
MASS_W, WIDTH_W = 80.419, 2.085
MASS_T = 172.5
MASS_H125 = 125.0
