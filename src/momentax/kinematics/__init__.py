"""Four-vector arithmetic for use inside jit."""

from momentax.kinematics.fourvector import (
    FourVector,
    boost,
    dot,
    from_array,
    from_energy_direction,
    transverse_boost_to_rest,
    unit_vector,
)

__all__ = [
    "FourVector",
    "boost",
    "dot",
    "from_array",
    "from_energy_direction",
    "transverse_boost_to_rest",
    "unit_vector",
]
