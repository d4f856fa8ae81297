"""What the parameters of a demand model are called."""

from typing import Final

_NAMES: Final = {
    "level_sd": "uncertainty of the level (log sd)",
    "growth_per_year": "growth a year",
    "growth_damping_per_month": "damping of growth a month",
    "monthly_volatility": "volatility a month (log sd)",
    "common_share": "share common to all types",
    "monthly_noise": "noise of a month (log sd)",
    "noise_ar1": "month-to-month correlation of noise",
    "token_drift_per_year": "drift of tokens per request a year",
    "leave_probability_per_quarter": "chance a quarter that the largest leaves",
    "largest_customer_fraction": "share of the largest customer",
    "rebound": "rebound of use when unit cost falls",
    "level_usd_per_month": "list cost of a month at the end",
}


def parameter_name(name: str) -> str:
    """A parameter in words."""
    kind, _, which = name.partition(".")
    if kind == "level":
        return f"{which}: requests a month at the end"
    return _NAMES.get(name) or f"{kind} {which.capitalize()}"


def short_name(name: str) -> str:
    """A parameter in words, without its unit."""
    return parameter_name(name).split(" (")[0]
