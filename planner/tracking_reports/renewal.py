"""The next term: what to sign for it, beside signing the same again."""

from planner.tables import Table
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import month_words
from planner.words import percent, percent_estimate, usd_estimate, usd_rounded_down


def renewal_sentences(tracking: Tracking) -> tuple[str, ...]:
    """The next commitment and what the same again would cost; none where the next term is not sized."""
    found = tracking.renewal
    if found is None:
        return ()
    cost, risk = usd_estimate(found.expected_cost), percent_estimate(found.shortfall_probability)
    again = f"{usd_estimate(found.same_again_cost)} at {percent_estimate(found.same_again_shortfall_probability)}"
    sign = (
        f"sign {usd_rounded_down(found.commit_usd_per_year)} a year at {percent(found.discount_fraction)} discount, "
        f"expected cost {cost}, shortfall risk {risk}"
    )
    if found.commit_usd_per_year <= 0.0:
        sign = f"sign no commitment, expected cost {cost} at list"
    return (
        f"For the contract year from {month_words(found.first)}, as seen today: {sign}. The same again "
        f"({usd_rounded_down(found.same_again_usd_per_year)} a year) would cost {again} shortfall risk.",
    )


def _commitment(usd_per_year: float) -> str:
    return "none" if usd_per_year <= 0.0 else usd_rounded_down(usd_per_year)


def renewal_table(tracking: Tracking) -> Table:
    """The next commitment beside the same again."""
    found = tracking.renewal
    if found is None:
        return Table(title="", columns=(), rows=())
    return Table(
        title=f"The next term, from {month_words(found.first)}, on the same terms",
        columns=("", "recommended", "the same again"),
        rows=(
            ("commitment a year", _commitment(found.commit_usd_per_year), _commitment(found.same_again_usd_per_year)),
            ("expected cost of the year", usd_estimate(found.expected_cost), usd_estimate(found.same_again_cost)),
            (
                "shortfall risk",
                "-" if found.commit_usd_per_year <= 0.0 else percent_estimate(found.shortfall_probability),
                percent_estimate(found.same_again_shortfall_probability),
            ),
        ),
        numeric=frozenset({1, 2}),
        note="On the paths of today's forecast. It will move with every month that closes.",
    )
