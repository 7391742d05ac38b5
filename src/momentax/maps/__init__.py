"""Changes of variables: small objects with their dimension, forward map, Jacobian and density (see
docs/maps.md).
"""

from momentax.maps.block_a import BlockA
from momentax.maps.block_d import BlockD, NeutrinoPairs
from momentax.maps.decays import FlatMassless, Leaf, Node, TwoBodyDecay, massless_volume
from momentax.maps.energies import MassivePair, MasslessPair, PairSolutions, one_minus_cos
from momentax.maps.initial_state import PartonFractions, parton_fractions, partons
from momentax.maps.neutrino_angles import NeutrinoAngles
from momentax.maps.neutrino_ellipse import NeutrinoEllipse, smallest_top_mass2
from momentax.maps.one_dim import BreitWigner, Log, Mixture, PowerLaw, Uniform
from momentax.maps.recoil import RecoilMixture
from momentax.maps.resonances import Branch, PairWithSpectator
from momentax.maps.student import StudentT4

__all__ = [
    "BlockA",
    "BlockD",
    "Branch",
    "BreitWigner",
    "FlatMassless",
    "Leaf",
    "Log",
    "MassivePair",
    "MasslessPair",
    "Mixture",
    "NeutrinoAngles",
    "NeutrinoEllipse",
    "NeutrinoPairs",
    "Node",
    "PairSolutions",
    "PairWithSpectator",
    "PartonFractions",
    "PowerLaw",
    "RecoilMixture",
    "StudentT4",
    "TwoBodyDecay",
    "Uniform",
    "massless_volume",
    "one_minus_cos",
    "parton_fractions",
    "partons",
    "smallest_top_mass2",
]
