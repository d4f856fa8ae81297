"""Small plans with a brief, for tests: typed in, one year or three, with a quote in hand or without."""

from pathlib import Path

from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan

PATHS = 4_096
MIX = f"""
[plan]
name = "Support"
start = 2027-01-01
paths = {PATHS}
seed = 7
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
long_prompt_fraction = 0.0
[demand]
level_sd = 0.1
growth_per_year = {{ p10 = 0.05, p90 = 0.60 }}
[[scenario]]
name = "as is"
[[scenario]]
name = "route"
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = {{ p10 = 0.80, p90 = 0.95 }}
escalation = {{ passed = 188, failed = 12 }}
long_prompt_fraction = 0.0
[decision]
scenario = "route"
max_shortfall_probability = 0.10
"""
BANDS = ((10_000, 0.08), (24_000, 0.12), (60_000, 0.25))
RAMP = """
term_months = 36
ramp = [1.0, 1.1, 1.2]
[contract.rollover]
share = 0.5
months = 6
[contract.payment]
cost_of_capital_per_year = 0.08
"""
QUOTE = """
[[offer]]
name = "vendor's first"
commit_usd_per_year = 24_000
discount_fraction = 0.15
[[offer]]
name = "a longer one, of more than forty characters"
term_months = 24
commit_usd_per_year = 12_000
discount_fraction = 0.10
"""


def text_of(contract: str = "term_months = 12\n", more: str = "", bands: tuple[tuple[int, float], ...] = BANDS) -> str:
    listed = "".join(
        f"[[contract.band]]\nmin_commit_usd_per_year = {low}\ndiscount_fraction = {discount}\n"
        for low, discount in bands
    )
    return f"{MIX}{more}[contract]\n{contract}{listed}"


def plan_of(text: str) -> Plan:
    return build_plan(parse_plan(text, base_dir=Path()))
