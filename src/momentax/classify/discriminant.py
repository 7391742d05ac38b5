"""The discriminant of two hypotheses from their weights, Eq. 5 of the paper."""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def discriminant(information_a: np.ndarray, information_b: np.ndarray, gamma: float = 1.0) -> np.ndarray:
    """D = P_a / (P_a + P_b) = W_a / (W_a + gamma W_b), from informations I = -log10 W [n].

    Computed as a logistic function of the difference, so that weights of 1e-300 neither underflow nor divide.

    Args:
        information_a, information_b: I of the two hypotheses; NaN gives NaN.
        gamma: sigma_vis_a / sigma_vis_b, because P = W / sigma_vis; it moves D monotonically, so no ROC curve
            depends on it. (The paper prints the inverse ratio; its curves use 1.)
    """
    return expit(np.log(10.0) * (information_b - information_a) - np.log(gamma))
