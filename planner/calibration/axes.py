"""The axes of a posterior's grid: how wide the priors and the data can be at all, and even values between the ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.calibration.panel import Normal, Panel, Priors, monthly_of_weekly
from planner.units import FloatArray

_AR1_RANGE: Final = {"week": (-0.5, 0.985), "month": (-0.9, 0.97)}
# A weekly phi below -0.5 is no longer told apart by the correlation of the months' means.
_WIDE: Final = 3.2
_SMALLEST_LOG_SD: Final = -9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Values of each axis, ascending: atanh of a period's phi, log sigma / tau, log_scale, logit rho.

    The scale is the log sd of a type's own change from one period to the next, whose square is
    tau^2 (1 - rho) (2 (1 - phi) + (sigma / tau)^2 months): the data settle it best, and nearly apart from the rest, so
    that a grid of few values holds them all.
    """

    atanh_ar1: FloatArray
    log_ratio: FloatArray
    log_scale: FloatArray
    logit_share: FloatArray

    @property
    def each(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        return self.atanh_ar1, self.log_ratio, self.log_scale, self.logit_share


def widest_axes(panel: Panel, priors: Priors) -> Axes:
    """Ends of every axis: all that the priors allow, and the scale that the data show. One value where it is typed."""
    low, high = _AR1_RANGE["week" if panel.weekly else "month"]
    ratio = _combined(priors.log_volatility, priors.log_noise)
    changes = np.diff(panel.logs, axis=0)
    seen = max(float(np.log((changes - np.median(changes, axis=0)).std() + 1e-12)), _SMALLEST_LOG_SD)
    noise = priors.log_noise
    scale = (min(noise.mean - _WIDE * noise.sd - 2.0, seen - 2.5), max(noise.mean + _WIDE * noise.sd + 1.5, seen + 0.7))
    typed = noise.sd == 0 or priors.log_volatility.sd == 0
    return Axes(
        atanh_ar1=_ends(priors.atanh_ar1, (np.arctanh(low), np.arctanh(high)), panel.weekly),
        log_ratio=np.array(ratio) if ratio[0] < ratio[1] else np.array(ratio[:1]),
        log_scale=np.array(scale[:1] if typed else scale),
        logit_share=_ends(priors.logit_share, (-_WIDE, _WIDE), False) if panel.n_types > 1 else np.zeros(1),
    )


def _combined(volatility: Normal, noise: Normal) -> tuple[float, float]:
    centre, sd = volatility.mean - noise.mean, float(np.hypot(volatility.sd, noise.sd))
    return (centre - _WIDE * sd - 0.5, centre + _WIDE * sd + 0.5) if sd > 0 else (centre, centre)


def _ends(prior: Normal, widest: tuple[float, float], weekly: bool) -> FloatArray:
    if prior.sd > 0:
        return np.array(widest)
    if not weekly:
        return np.array([prior.mean])
    periods = np.linspace(*widest, 513)
    months = np.arctanh(monthly_of_weekly(np.tanh(periods))[1])
    return np.array([np.interp(prior.mean, months, periods)])


def spread_axes(axes: Axes, sizes: Sequence[float]) -> Axes:
    """The same ranges with so many even values; an axis of one value keeps it."""
    values = [
        axis if len(axis) == 1 else np.linspace(axis[0], axis[-1], int(size))
        for axis, size in zip(axes.each, sizes, strict=True)
    ]
    return Axes(atanh_ar1=values[0], log_ratio=values[1], log_scale=values[2], logit_share=values[3])
