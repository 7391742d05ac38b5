"""Differential cross section at parton level: phase space x luminosity x squared amplitude."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes import gg_hza, gg_llbb, gg_ttbar, llbb, ttbar
from momentax.constants import HBARC2_PB, MASS_B
from momentax.errors import ConfigError
from momentax.kinematics import FourVector
from momentax.processes import measure
from momentax.processes.base import Model, Options
from momentax.simulate.phase_space import DrellYanSpace, HardEvent, HzaSpace, TTbarSpace

Array = jax.Array
Momenta = tuple[FourVector, ...]


class Process(NamedTuple):
    """What the generator needs to know of a kind of hypothesis."""

    particles: tuple[str, ...]
    """Final state in the order of the momenta; neutrinos are ``nu`` and ``nubar``."""
    dim: int
    """Coordinates of the phase space; the last is the azimuth of the event, on which nothing depends."""
    space: Callable[[Model, float], Any]
    """Phase space of a model and a b mass."""
    channels: Callable[[Momenta, measure.InitialState, Model], measure.Luminosity]
    """f_a f_b Mbar^2 of every flavour channel, GeV^(8 - 2n)."""
    flows: Callable[[Momenta, Any], tuple[Any, Any]] | None = None
    """gg: relative squares of the two colour flows of (gluons, final state) and amplitude parameters, (quark -
    gluon 1 - gluon 2 - antiquark) and with the gluons exchanged; None where the final state is a singlet."""


def _ttbar_channels(p: Momenta, state: measure.InitialState, model: Model) -> measure.Luminosity:
    me = ttbar.msq_channels((*state.partons(model.sqrt_s), *p), model.amplitude)
    flux = measure.luminosity(model.pdf, state)
    return measure.Luminosity(flux.gg * me.gg, *(f * me.qqbar for f in flux[1:]))


def _hza_channels(p: Momenta, state: measure.InitialState, model: Model) -> measure.Luminosity:
    gg = gg_hza.msq((*state.partons(model.sqrt_s), *p), model.amplitude)
    gg = gg * measure.gluon_luminosity(model.pdf, state)
    return measure.Luminosity(gg, *(jnp.zeros_like(gg) for _ in range(4)))


def _drell_yan_channels(p: Momenta, state: measure.InitialState, model: Model) -> measure.Luminosity:
    squares = llbb.msq_channels((*state.partons(model.sqrt_s), *p), model.amplitude)
    b, bbar, lep_plus, lep_minus = p
    passed = model.cuts.passed(lep_plus, lep_minus, b, bbar)
    flux = measure.luminosity(model.pdf, state)
    return measure.Luminosity(*(jnp.where(passed, f * m, 0.0) for f, m in zip(flux, squares, strict=True)))


def _ttbar_space(model: Model, mass_b: float) -> TTbarSpace:
    a = model.amplitude
    return TTbarSpace(a.mass_t, a.width_t, a.mass_w, a.width_w, model.sqrt_s, mass_b)


def _hza_space(model: Model, mass_b: float) -> HzaSpace:
    a = model.amplitude
    return HzaSpace(a.mass_H, a.width_H, a.mass_A, a.width_A, a.mass_z, a.width_z, model.sqrt_s, MASS_B)


def _drell_yan_space(model: Model, mass_b: float) -> DrellYanSpace:
    a, cuts = model.amplitude, model.cuts
    return DrellYanSpace(a.mass_z, a.width_z, cuts.pt_b, cuts.m_ll, model.sqrt_s, mass_b)


PROCESSES: dict[str, Process] = {
    "ttbar": Process(
        ("lep_plus", "nu", "b", "lep_minus", "nubar", "bbar"),
        16,
        _ttbar_space,
        _ttbar_channels,
        gg_ttbar.flow_squares,
    ),
    "hza": Process(("lep_plus", "lep_minus", "b", "bbar"), 10, _hza_space, _hza_channels),
    "drell_yan": Process(
        ("b", "bbar", "lep_plus", "lep_minus"),
        10,
        _drell_yan_space,
        _drell_yan_channels,
        gg_llbb.flow_squares,
    ),
}
"""The processes of the generator by kind of hypothesis; a new hypothesis adds its line."""


def process_of(kind: str) -> Process:
    """The process of a kind of hypothesis. Raises ConfigError if the generator does not have it."""
    if kind not in PROCESSES:
        raise ConfigError(f"the built-in generator has no process {kind!r}; it has {', '.join(PROCESSES)}")
    return PROCESSES[kind]


class Differential(NamedTuple):
    """Parton-level events, one for each point of the unit cube."""

    weight: Array
    """d sigma/du of all channels, pb."""
    momenta: Momenta
    """In the frame of k_T = 0, GeV."""
    state: measure.InitialState
    channels: measure.Luminosity
    """f_a f_b Mbar^2: the shares of the flavour channels in the weight."""


@cache
def event_function(kind: str, massless_b: bool) -> Callable[[Array, Model], HardEvent]:
    """Phase space alone: (u [n, dim], model) -> momenta in the frame of k_T = 0, and Jacobian."""
    process = process_of(kind)

    def event(u: Array, model: Model) -> HardEvent:
        space = process.space(model, 0.0 if massless_b else MASS_B)
        return space.forward(tuple(u[..., i] for i in range(process.dim)))

    return event


@cache
def differential(kind: str, options: Options) -> Callable[[Array, Model], Differential]:
    """(u [n, dim], model) -> d sigma/du with momenta and flavour channels."""
    process, event_of = process_of(kind), event_function(kind, options.massless_b)

    def evaluate(u: Array, model: Model) -> Differential:
        event = event_of(u, model)
        total = event.momenta[0]
        for p in event.momenta[1:]:
            total = total + p
        state = measure.initial_state(total._replace(x=0.0 * total.x, y=0.0 * total.y), model.sqrt_s)
        channels = process.channels(event.momenta, state, model)
        # measure's flux carries the (2 pi)^4 that the phase space holds already
        flux = state.flux / (2.0 * jnp.pi) ** 4
        weight = HBARC2_PB * event.jacobian * flux * sum(channels)
        valid = state.valid & (event.jacobian > 0.0)
        return Differential(measure.finite_or_zero(weight, valid), event.momenta, state, channels)

    return evaluate


PARTONS: tuple[tuple[int, int], ...] = (
    (21, 21),
    *((2, -2), (4, -4)),
    *((-2, 2), (-4, 4)),
    *((1, -1), (3, -3)),
    *((-1, 1), (-3, 3)),
)
"""PDG ids of the partons from +z and -z in the order of :func:`flavour_shares`."""


def flavour_shares(result: Differential, model: Model) -> Array:
    """Weight of each pair of :data:`PARTONS` [n, 9], up to a factor: channels split by generation."""
    f1, f2 = model.pdf.xf(result.state.q1), model.pdf.xf(result.state.q2)
    c = result.channels
    shares = [c.gg]
    for channel, first, second in (
        (c.uubar, (f1.u * f2.ubar), (f1.c * f2.cbar)),
        (c.ubaru, (f1.ubar * f2.u), (f1.cbar * f2.c)),
        (c.ddbar, (f1.d * f2.dbar), (f1.s * f2.sbar)),
        (c.dbard, (f1.dbar * f2.d), (f1.sbar * f2.s)),
    ):
        total = first + second
        fraction = jnp.where(total > 0.0, first / jnp.where(total > 0.0, total, 1.0), 1.0)
        shares += [channel * fraction, channel * (1.0 - fraction)]
    return jnp.stack(jnp.broadcast_arrays(*shares), axis=-1)
