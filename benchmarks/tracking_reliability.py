"""Whether a tracked contract's chance of a shortfall is what happens:
`python benchmarks/tracking_reliability.py [--contracts 1000] [--paths 4096]`.

A plan is signed at the commitment that falls short on half of its paths. Contracts are other paths of the same plan,
under another seed: their months are shown one after the other, and the chance of a shortfall is worked out again after
each. Beside it stand the plan as signed, which learns nothing, and a straight line: the mean month so far goes on.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.stats import chi2

from planner.plan_file.loader import parse_plan
from planner.tracking.actual import AccountUsd
from planner.tracking.forecasting.conditioning import conditioner_of
from planner.tracking.forecasting.drawdown import spend_of_accounts
from planner.tracking.forecasting.forecast import outlook
from planner.tracking.forecasting.plan_paths import volume_usd
from planner.tracking.observed import Observed
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.units import BoolArray, FloatArray

SEED, TRUTH_SEED = 20270101, 20270102
MONTHS = 12
LOOKS = tuple(range(1, MONTHS))
EVEN = 0.5
BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)

PLAN = """
[plan]
start = 2027-01-01
seed = 20270101

[prices]
on = 2026-11-23

[prices.cuts]
falls_per_year = 0.7
fall = { p10 = 0.10, p90 = 0.60 }
rises_per_year = 0.2
rise = { p10 = 0.05, p90 = 0.30 }
lag_months = 3

[demand]
level_sd = 0.05
growth_per_year = { p10 = 0.05, p90 = 0.80 }
growth_damping_per_month = 0.98
monthly_volatility = 0.06
common_share = 0.5
monthly_noise = 0.10
noise_ar1 = 0.3
token_drift_per_year = { p10 = -0.05, p90 = 0.15 }
leave_probability_per_quarter = 0.05

[[demand.event]]
name = "launch"
probability = 0.6
month = { low = 2, mode = 4, high = 7 }
size = { low = 1.05, mode = 1.15, high = 1.40 }
request_types = ["*"]

[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_000_000
uncached_input_tokens = 900
output_tokens = 60
long_prompt_fraction = 0.0

[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_500_000
uncached_input_tokens = 2_000
output_tokens = 300
long_prompt_fraction = 0.0

[[mix]]
request_type = "extract"
model = "claude-sonnet-5-5"
monthly_requests = 2_000_000
uncached_input_tokens = 1_500
output_tokens = 200
long_prompt_fraction = 0.0

[[scenario]]
name = "routed"

[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = { p10 = 0.40, p90 = 0.90 }
escalation = { passed = 188, failed = 12 }
escalate_to = "claude-opus-5-5"
ramp = { start_month = { low = 0, mode = 2, high = 5 }, months = 3 }

[contract]
term_months = 12

[[contract.band]]
min_commit_usd_per_year = 1_000
discount_fraction = 0.15

[decision]
scenario = "routed"

[signed]
on = 2026-12-20
commit_usd_per_year = 100_000
"""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Contracts after some of their months: chances of a shortfall and effective paths, (n_contracts, n_looks); whether
    it happened, (n_contracts,). line: whether a straight line falls short after each month but the last, (n_contracts,
    11). before: the chance when it was signed."""

    looks: tuple[int, ...]
    chance: FloatArray
    effective: FloatArray
    line: BoolArray
    happened: BoolArray
    before: float

    def brier(self, look: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Squared misses of every contract: of the forecast, of the plan as signed, of the straight line."""
        return (
            (self.chance[:, look] - self.happened) ** 2,
            np.asarray((self.before - self.happened) ** 2),
            (self.line_at(look) ^ self.happened).astype(np.float64),
        )

    def line_at(self, look: int) -> BoolArray:
        """What a straight line says after as many months."""
        return self.line[:, self.looks[look] - 1]

    def wrong(self, look: int) -> tuple[BoolArray, BoolArray]:
        """Whether each contract is called wrongly, by the likelier of the two and by the straight line."""
        return (self.chance[:, look] > EVEN) != self.happened, self.line_at(look) != self.happened

    def reliability_p(self, look: int) -> float:
        """reliability_p of the chances, none closer to 0 or 1 than half an effective path can tell."""
        least = 0.5 / self.effective[:, look]
        return reliability_p(np.clip(self.chance[:, look], least, 1.0 - least), self.happened)

    def right_from(self, calls: BoolArray) -> FloatArray:
        """The first number of months from which each contract's call stays right; the whole term where it never is."""
        wrong = calls != self.happened[:, None]
        later = np.logical_or.accumulate(wrong[:, ::-1], axis=1)[:, ::-1]
        edges = np.array([*self.looks, MONTHS], dtype=np.float64)
        return edges[later.sum(axis=1)]


def signed_at_the_median(paths: int) -> SignedPlan:
    """The plan, signed at the commitment that half of its paths fall short of."""
    signed = signed_plan(replace(parse_plan(PLAN, base_dir=Path()), paths=paths))
    drawn = 0.85 * signed.spend.list_cost_usd[:MONTHS].sum(axis=0)
    return replace(signed, offer=signed.contract.offer_at(float(np.median(drawn))))


def contracts_of(signed: SignedPlan, contracts: int) -> SignedPlan:
    """Other paths of the same plan, under the same commitment."""
    return replace(signed_plan(replace(signed.inputs, seed=TRUTH_SEED, paths=contracts)), offer=signed.offer)


def look(contracts: int, paths: int, looks: Sequence[int]) -> Looks:
    """Track so many contracts, each after so many months."""
    signed = signed_at_the_median(paths)
    conditioner = conditioner_of(signed)
    truth = contracts_of(signed, contracts)
    volume = volume_usd(truth.prepared.spend_model, TRUTH_SEED, contracts)
    chance, effective = (np.zeros((contracts, len(looks))) for _ in range(2))
    for path in range(contracts):
        months = months_of(truth, volume, path)
        for at, n in enumerate(looks):
            found = conditioner.condition(months[:n], stop=MONTHS)
            chance[path, at] = outlook(signed, found.spend, 0).short.mean()
            effective[path, at] = found.effective_sample_size
    return Looks(
        looks=tuple(looks),
        chance=chance,
        effective=effective,
        line=np.stack([straight_line_is_short(truth, n) for n in range(1, MONTHS)], axis=1),
        happened=outlook(truth, truth.spend, 0).short,
        before=float(outlook(signed, signed.spend, 0).short.mean()),
    )


def straight_line_is_short(truth: SignedPlan, n: int) -> BoolArray:
    """Whether each contract falls short if the mean of its first n months goes on; all at once, (n_contracts,)."""

    def going_on(usd: FloatArray) -> FloatArray:
        return np.concatenate([usd[:n], np.repeat(usd[:n].mean(axis=0, keepdims=True), MONTHS - n, axis=0)])

    accounts = {
        key: (going_on(paths.current_usd), going_on(paths.current_usd)) for key, paths in truth.spend.accounts.items()
    }
    return outlook(truth, spend_of_accounts(accounts, MONTHS), 0).short


def months_of(truth: SignedPlan, volume: FloatArray, path: int) -> list[Observed]:
    """The months of one path as a log would show them."""
    return [
        Observed(
            month=t,
            volume_usd=float(volume[t, path]),
            accounts={
                key: AccountUsd(current=float(usd.current_usd[t, path]), signing=float(usd.signing_usd[t, path]))
                for key, usd in truth.spend.accounts.items()
                if usd.signing_usd is not None
            },
        )
        for t in range(MONTHS)
    ]


def reliability_p(chance: FloatArray, happened: BoolArray, groups: int = 5) -> float:
    """The chance of misses as large as these if every chance is right: Hosmer and Lemeshow's chi squared over groups of
    contracts of like chance, with as many degrees of freedom, because nothing was fitted to what happened."""
    squares = 0.0
    for part in np.array_split(np.argsort(chance), groups):
        expected, variance = chance[part].sum(), (chance[part] * (1.0 - chance[part])).sum()
        # half a case of slack: a group of chances next to 0 or 1 is not normal
        miss = max(abs(happened[part].sum() - expected) - 0.5, 0.0)
        squares += miss**2 / max(variance, 1e-9)
    return float(chi2.sf(squares, groups))


def main() -> None:
    """Print both tables of docs/calibration.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument("--paths", type=int, default=4096)
    given = parser.parse_args()
    found = look(given.contracts, given.paths, LOOKS)
    print_reliability(found)
    print_looks(found)
    print_calls(found)


def print_reliability(found: Looks) -> None:
    """Chances said, over all contracts and months, beside how often it happened."""
    print("| chance said | contracts and months | mean chance | fell short |")
    print("|---|---|---|---|")
    chance = found.chance.ravel()
    happened = np.repeat(found.happened, len(found.looks))
    for low, high in pairwise(BINS):
        inside = (chance >= low) & ((chance < high) | (high == 1.0))
        if inside.any():
            said, was = chance[inside].mean(), happened[inside].mean()
            print(f"| {low:.0%} to {high:.0%} | {inside.sum():,} | {said:.1%} | {was:.1%} |")


def print_looks(found: Looks) -> None:
    """After each number of months: misses of the three, calls that are right, reliability."""
    print("\n| months seen | Brier score | plan as signed | straight line | calls right | straight line | p | paths |")
    print("|---|---|---|---|---|---|---|---|")
    for at, n in enumerate(found.looks):
        forecast, plan, line = (float(np.mean(part)) for part in found.brier(at))
        right, line_right = (1.0 - part.mean() for part in found.wrong(at))
        print(
            f"| {n} | {forecast:.3f} | {plan:.3f} | {line:.3f} | {right:.0%} | {line_right:.0%} | "
            f"{found.reliability_p(at):.2f} | {np.median(found.effective[:, at]):,.0f} |"
        )


def print_calls(found: Looks) -> None:
    """How long contracts are called wrongly, and from when on they no longer are."""
    wrong = [found.wrong(at) for at in range(len(found.looks))]
    ours, line = (np.sum([pair[which] for pair in wrong], axis=0) for which in (0, 1))
    fewer, error = (line - ours).mean(), (line - ours).std() / len(ours) ** 0.5
    print(
        f"\nCalled wrongly after {ours.mean():.2f} of the months, by a straight line after {line.mean():.2f}: ", end=""
    )
    print(f"{fewer:.2f} fewer, standard error {error:.2f}.")
    ours, line = found.right_from(found.chance > EVEN), found.right_from(found.line)
    print(f"The call stays right from month {ours.mean():.1f} on, a straight line's from {line.mean():.1f}; ", end="")
    short = found.happened
    print(f"of those that fall short {ours[short].mean():.1f} and {line[short].mean():.1f}, ", end="")
    print(f"of the others {ours[~short].mean():.1f} and {line[~short].mean():.1f}.")


if __name__ == "__main__":
    main()
