"""Suggested scenarios: what the presets assume, that a plan with them works and decides as before, and the command."""

import json
import tomllib
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from test_opportunities import BASE, CHAT, HAIKU, OPUS, SONNET, evidence, prepared, route

from planner.commands.suggest import suggest
from planner.distributions import fraction_from_quantiles
from planner.errors import InputError
from planner.machine import plan_json
from planner.opportunities.machine import suggestion_json
from planner.opportunities.preset_priors import ANCHOR, net_saving, prior
from planner.opportunities.presets import COMFORT, MOST_EVALUATIONS, presets
from planner.opportunities.report import tables
from planner.opportunities.sentences import headline, preset_sentences
from planner.opportunities.suggest import suggestion, written
from planner.opportunities.suggestions import about, left_out, together
from planner.opportunities.verdicts import opportunities
from planner.opportunities.wording import bar_in_words
from planner.plan import build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.suggest_text import (
    Line,
    Suggested,
    SuggestedScenario,
    suggested_text,
    with_sources_from,
    with_suggested,
)
from planner.words import break_even_words

EXTRACT = CHAT.replace('"chat"', '"extract"').replace("1_000_000", "800_000")
ONLY_SONNET = f"from = ['{SONNET}']\none_off_usd = 5_000"
RARE = CHAT.replace('"chat"', '"rare"').replace("1_000_000", "4_000")
PROVEN = route(escalation="{ passed = 188, failed = 12 }", more="one_off_usd = 20_000")
EVERY = BASE + CHAT + EXTRACT + RARE + PROVEN


def by_name(*parts: str):
    return {preset.name: preset for preset in presets(opportunities(prepared(*parts)))}


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- presets ---------------------------------------------------------------------------------------------------------


def test_cautious_moves_only_what_evidence_allows_and_never_more_than_its_lower_bound():
    cautious = by_name(CHAT, EXTRACT, RARE, PROVEN)["cautious"]
    (move,) = cautious.moves
    assert (move.request_type, move.candidate.to, move.prior) == ("chat", HAIKU, None)
    assert move.share == (0.5, 0.8)
    shaky = by_name(
        CHAT, "[[evidence]]\nrequest_type='chat'\nmodel='claude-haiku-5-5'\npassed=72\nfailed=28\nbar=0.6\n"
    )
    (move,) = shaky["cautious"].moves
    assert move.share == (0.34, 0.64)  # the lower bound of 72 in 100 is 64 %


def test_base_adds_the_next_tier_behind_an_evaluation_and_aggressive_the_cheapest():
    found = by_name(CHAT, EXTRACT, RARE, PROVEN)
    for name, target, chance in (("base", SONNET, 0.7), ("aggressive", HAIKU, 0.5)):
        proven, waiting = found[name].moves
        assert (proven.candidate.to, proven.milestone) == (HAIKU, None)
        assert (waiting.request_type, waiting.candidate.to) == ("extract", target)
        assert waiting.milestone == f"evaluation of extract on {target}"
        assert waiting.prior.chance == chance
        assert waiting.candidate.break_even_escalation >= COMFORT * waiting.prior.expected_escalation
        assert left_out(found[name]) == (f"'rare' on {OPUS}: moves no money",)


def test_without_evidence_nothing_is_cautious():
    found = by_name(CHAT)
    assert found["cautious"].moves == ()
    assert together([found["cautious"]]).scenarios == ()


def test_answers_that_lean_against_a_model_keep_it_out_of_every_preset():
    leaning = by_name(CHAT, route(to=SONNET, escalation="{ passed = 35, failed = 7 }"))
    assert all(move.candidate.to == HAIKU for preset in leaning.values() for move in preset.moves)
    assert leaning["base"].moves[0].prior.counts is None


def test_undecided_answers_stand_for_the_escalation_and_for_the_chance_to_pass():
    (move,) = by_name(CHAT, route(to=SONNET, escalation="{ passed = 47, failed = 3 }"))["base"].moves
    assert move.candidate.to == SONNET
    assert move.prior.escalated.mean == pytest.approx(1 - 47.5 / 51)
    assert 0.3 < move.prior.chance < 0.9


def test_more_types_than_can_be_evaluated_at_once_wait():
    many = [CHAT.replace('"chat"', f'"t{i:02}"').replace("1_000_000", f"{1_000_000 - i}") for i in range(14)]
    found = by_name(*many)
    for name in ("base", "aggressive"):
        assert [move.request_type for move in found[name].moves] == [f"t{i:02}" for i in range(MOST_EVALUATIONS)]
        assert left_out(found[name])[0].startswith("'t10' on")
    assert left_out(found["cautious"])[0].endswith("and 6 more: no evidence that allows it yet")


def test_traffic_without_a_type_is_never_suggested():
    untagged = CHAT.replace('"chat"', '"untagged"')
    assert all(preset.moves == () for preset in by_name(untagged).values())


@settings(max_examples=20)
@given(st.floats(0.05, 0.99), st.integers(0, 2), st.floats(0.3, 1.5))
def test_priors_keep_what_routing_saves_within_what_it_is_known_to_save(saved_fraction, steps, scale):
    class Candidate:
        steps_down, most_usd_per_month, break_even_escalation = steps, saved_fraction * 1000, saved_fraction * scale

    assumed = prior(Candidate(), 1000.0)
    low, middle, high = net_saving([(assumed, 1000.0)])
    assert low <= middle <= ANCHOR[1] + 0.03
    assert high <= ANCHOR[2] + 0.03
    share = fraction_from_quantiles(*assumed.share)
    kept = assumed.chance * saved_fraction * (1 - assumed.expected_escalation / Candidate.break_even_escalation)
    many = net_saving([(assumed, 1.0)] * 40)
    assert many[1] == pytest.approx(share.mean * kept, abs=0.03)  # forty evaluations: the mean, by independence


def test_the_base_preset_of_the_example_saves_what_routing_is_known_to_save(example):
    low, middle, high = next(item for item in example.presets if item.name == "base").unproven_saving
    assert 0 <= low <= middle <= high <= ANCHOR[2]
    assert 0.1 < middle < 0.4


def test_no_preset_guesses_a_share_of_long_prompts():
    unknown = CHAT.replace("long_prompt_fraction = 0.0\n", "")
    found = by_name(unknown, evidence(188, 12))
    for preset in found.values():
        assert preset.moves == ()
        assert "cannot price the route without the share of long prompts" in left_out(preset)[0]
    for name in ("base", "aggressive"):
        (move,) = by_name(unknown)[name].moves  # Sonnet has no threshold, so that its price is known
        assert (move.candidate.to, move.candidate.route.long_prompt_fraction) == (SONNET, None)


def test_a_chance_to_pass_is_that_of_the_answers_graded_so_far():
    """Sonnet fails nothing yet; Haiku's 100 of 200 at a bar of a half pass as often as they fail."""
    plan = (CHAT.replace(OPUS, SONNET), evidence(100, 100, more="bar = 0.5"))
    (move,) = by_name(*plan)["base"].moves
    sure = move.candidate.sure
    expected = stats.betabinom(sure.answers, 100.5, 100.5).cdf(sure.failures)
    assert move.prior.chance == pytest.approx(expected, abs=0.005)
    assert move.prior.chance == pytest.approx(0.4, abs=0.02)


def test_aggressive_tries_a_cheaper_tier_only_where_that_is_expected_to_save_more():
    """Sonnet 4.6 to 5.5 is proven and saves 13 %, Haiku 96 %; Opus to Sonnet is proven and saves half."""
    older = by_name(CHAT.replace(OPUS, "claude-sonnet-4-6"), evidence(990, 10, to=SONNET))
    assert [(move.candidate.to, move.instead_of) for move in older["base"].moves] == [(SONNET, None)]
    (bold,) = older["aggressive"].moves
    assert (bold.candidate.to, bold.instead_of, bold.prior is None) == (HAIKU, SONNET, False)
    assert any("tried instead: 'chat' to claude-haiku-5-5" in line for line in about(older["aggressive"]))
    proven = by_name(CHAT, evidence(990, 10, to=SONNET))["aggressive"]
    assert [(move.candidate.to, move.prior) for move in proven.moves] == [(SONNET, None)]


def test_long_names_of_types_make_milestones_that_a_plan_can_hold():
    long = [CHAT.replace('"chat"', f'"{"L" * 190}{end}"') for end in ("a", "b")]
    added = together(presets(opportunities(prepared(*long))))
    inputs = parse_plan(with_suggested(BASE + "".join(long), added, decided_on="as is"), base_dir=Path())
    waited = {milestone.name for route in inputs.scenario("base").routes for milestone in route.ramp.after}
    assert len(waited) == 2
    assert all(len(name) <= 200 and name.endswith(f" on {SONNET}") for name in waited)


def test_one_effort_is_written_once_for_all_models_of_a_type():
    both = (CHAT, CHAT.replace(OPUS, SONNET), route(escalation="{ passed = 188, failed = 12 }", more=f"{ONLY_SONNET}"))
    (move,) = by_name(*both)["cautious"].moves
    assert (move.sources, move.candidate.route.one_off_usd) == ((OPUS, SONNET), 5_000)


def test_what_a_route_takes_over_from_another_of_the_type_is_written_and_said():
    judged = "error_cost_usd = 0.0001\nmoves = 'request'\n"
    plan = (CHAT, route(to=HAIKU, escalation="{ pass_rate = 0.5, fnr = 0.1, fpr = 0.2 }", more=judged))
    base = by_name(*plan)["base"]
    (move,) = base.moves
    (written_route,) = tomllib.loads(suggested_text(together([base])))["scenario"][0]["route"]
    assert (move.candidate.to, written_route["moves"]) == (SONNET, "request")
    assert (written_route["error_cost_usd"], written_route["escalation"]["fnr"]) == (0.0001, 0.1)
    assert written_route["escalation"]["fpr"] == 0.2
    lines = suggested_text(together([base]))
    assert 'moves = "request"    # as the plan\'s own route of the type has it' in lines
    assert "errors of the judge as the plan has them for the type" in lines
    assert any("as the plan's own routes of the type have them" in line for line in about(base))


# --- a plan with them ------------------------------------------------------------------------------------------------


def test_the_written_plan_works_and_shows_what_was_promised(tmp_path):
    path = saved(tmp_path, EVERY.replace("paths = 64", "paths = 256"))
    inputs = load_plan(path)
    found = suggestion(inputs)
    written(inputs, found, tmp_path / "new.toml", source=path, force=False)
    plan = build_plan(load_plan(tmp_path / "new.toml"))
    for outcome in found.outcomes:
        summary = plan.summaries[outcome.scenario]
        assert summary.annual.mean == pytest.approx(outcome.annual.mean, rel=1e-12)
        assert summary.annual_quantiles_usd[[1, 3]] == pytest.approx([outcome.annual_p10_usd, outcome.annual_p90_usd])
        before = plan.summaries[plan.inputs.baseline].annual.mean
        assert outcome.saving.mean == pytest.approx(before - summary.annual.mean)
    before, after = plan_json(build_plan(inputs)), plan_json(plan)
    for key, value in before["recommendation"].items():
        assert after["recommendation"][key] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
    assert plan.inputs.decision.scenario == inputs.decision.scenario == "routed"


def test_everything_that_the_plan_said_it_still_says_byte_for_byte():
    said = EVERY.replace("[prices]", "# prices of today\n[prices]   # as listed") + "\n# the end"
    added = together(presets(opportunities(prepared(CHAT, EXTRACT, PROVEN))))
    new = with_suggested(said, added, decided_on="routed")
    for part in (replace(added, milestones=()), replace(added, scenarios=())):
        assert suggested_text(part) in new
        new = new.replace(suggested_text(part), "")
    assert new.replace('[decision]\nscenario = "routed"\n', "").split() == said.split()


def test_tables_of_a_kind_stay_together():
    """Where they did not, a program that reads and writes the plan would have to move them."""
    added = together(presets(opportunities(prepared(CHAT, EXTRACT, PROVEN))))
    for tail in ("", "[[milestone]]\nname = 'board'\nmonth = 1\n", '[decision]\nscenario = "routed"\n'):
        new = with_suggested(EVERY + tail, added, decided_on="routed")
        heads = [line.strip("[]").partition(".")[0] for line in new.splitlines() if line.startswith("[")]
        assert len([name for name, _ in groupby(heads)]) == len(set(heads))
        assert tomlkit.dumps(tomlkit.parse(new)) == new


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        ("", ""),
        ("\n[decision]  # what for\nmax_shortfall_probability = 0.2\n", "[decision]  # what for"),
        ('\n# why\n[decision]\nscenario = "routed"', '# why\n[decision]\nscenario = "routed"'),
        ("\n[[milestone]]\nname = 'board'\nmonth = 1\n", "name = 'board'"),
    ],
)
def test_scenarios_go_in_wherever_the_plan_ends(tail, kept):
    added = together(presets(opportunities(prepared(CHAT, EXTRACT, PROVEN))))
    new = with_suggested(EVERY + tail, added, decided_on="routed")
    inputs = parse_plan(new, base_dir=Path())
    assert [item.name for item in inputs.scenarios] == ["as is", "routed", "cautious", "base", "aggressive"]
    assert inputs.decision.scenario == "routed"
    assert kept in new


def test_a_plan_without_scenarios_goes_on_deciding_on_its_mix():
    added = together(presets(opportunities(prepared(CHAT))))
    inputs = parse_plan(with_suggested(BASE + CHAT, added, decided_on="as is"), base_dir=Path())
    assert (inputs.baseline, inputs.decision.scenario) == ("as is", "as is")


def test_scenarios_on_one_line_are_added_to_as_well():
    inline = 'scenario = [{ name = "mine" }]\n' + BASE + CHAT
    added = together(presets(opportunities(prepared(CHAT))))
    inputs = parse_plan(with_suggested(inline, added, decided_on="mine"), base_dir=Path())
    assert [item.name for item in inputs.scenarios] == ["mine", "base", "aggressive"]


def test_a_name_that_is_taken_is_refused_and_a_milestone_stays_as_the_user_has_it():
    added = together(presets(opportunities(prepared(CHAT))))
    with pytest.raises(InputError, match="has a scenario 'base' already"):
        with_suggested(BASE + CHAT + '[[scenario]]\nname = "base"\n', added, decided_on="base")
    own = f'[[milestone]]\nname = "evaluation of chat on {SONNET}"\nmonth = 9\nprobability = 0.25\n'
    inputs = parse_plan(with_suggested(BASE + CHAT + own, added, decided_on="as is"), base_dir=Path())
    (milestone,) = inputs.scenario("base").routes[0].ramp.after
    assert (milestone.probability, milestone.month.mean) == (0.25, 9)


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_name_is_written_as_data(name):
    lines = (Line(key="request_type", value=name, why=f"because of {name}"),)
    text = suggested_text(
        Suggested(milestones=(), scenarios=(SuggestedScenario(name=name, about=(name,), routes=(lines,)),))
    )
    assert tomllib.loads(text) == {"scenario": [{"name": name, "route": [{"request_type": name}]}]}


def test_scenarios_of_any_name_are_told_apart():
    """The plan's own scenario may be called as the planner would call a preset, or by a number."""
    for name in ("suggested base", "base", "0", "1", "2"):
        named = BASE + CHAT + route(escalation="0.0").replace('"routed"', f'"{name}"')
        inputs = parse_plan(named, base_dir=Path())
        found, plan = suggestion(inputs), build_plan(inputs)
        assert found.decided[0].annual.mean == pytest.approx(plan.summaries[name].annual.mean, rel=1e-12)
        (base,) = (item for item in found.outcomes if item.scenario == "base")
        assert base.annual.mean > 1.2 * found.decided[0].annual.mean


def test_line_ends_a_byte_order_mark_and_every_other_byte_stay(tmp_path):
    source = tmp_path / "plan.toml"
    said = EVERY.replace("[prices]", "# prices\n[prices]   # as listed")
    source.write_bytes(b"\xef\xbb\xbf" + said.replace("\n", "\r\n").encode())
    inputs = load_plan(source)
    written(inputs, suggestion(inputs), tmp_path / "new.toml", source=source, force=False)
    raw = (tmp_path / "new.toml").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n") > said.count("\n")
    assert load_plan(tmp_path / "new.toml").text.startswith(said[: said.index("[[scenario]]")])


def test_a_log_is_found_from_another_folder(tmp_path):
    text = '[usage]\nsources = ["logs/*.csv", "/abs/x.csv"]   # ours\n'
    window = "window = { from = 2026-06-01,to = 2026-10-31 }   # both\n"
    moved = with_sources_from(text + window, tmp_path / "a", tmp_path / "b" / "c")
    assert moved == text.replace("logs", "../../a/logs") + window
    escaped = text.replace("logs", "l\\u006fgs")
    assert tomllib.loads(with_sources_from(escaped, tmp_path / "a", tmp_path / "b")) == tomllib.loads(
        text.replace("logs", "../a/logs")
    )
    moved = with_sources_from(text, tmp_path / "a", tmp_path / "b" / "c")
    assert tomllib.loads(moved)["usage"]["sources"] == ["../../a/logs/*.csv", "/abs/x.csv"]
    assert with_sources_from(text, tmp_path, tmp_path) == text


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example():
    root = Path(__file__).parent.parent
    text = (root / "data/plans/example.toml").read_text(encoding="utf-8").replace("paths = 100_000", "paths = 512")
    return suggestion(parse_plan(text, base_dir=root / "data/plans"))


def test_the_example_is_told_what_to_do(example):
    said = "\n".join([*headline(example), *preset_sentences(example)])
    assert "Move now: 'triage' to claude-haiku-5-5" in said
    assert "Evaluate first: 'extract', 'answer' on claude-opus-5-5, 'nightly-summary', 'code-agent'" in said
    assert "Moves no money: 'untagged'" in said
    assert "which routes without evidence that allows it: 'extract' to claude-haiku-5-5" in said
    assert [table.title.partition(":")[0] for table in tables(example)] == [
        "Routing",
        "Every target",
        "Beside routing",
        "Presets",
        "Presets",
    ]
    for table in tables(example):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert not [cell for row in table.rows for cell in row if "nan" in cell or cell.startswith("$-")]


def test_the_json_holds_what_the_tables_show(example):
    found = json.loads(json.dumps(suggestion_json(example), allow_nan=False))
    triage = found["opportunities"][0]
    assert (triage["request_type"], triage["verdict"], triage["to"]) == ("triage", "move now", HAIKU)
    assert triage["candidates"][0]["evidence"]["lower"] == pytest.approx(stats.beta(188.5, 12.5).ppf(0.05))
    assert found["bill_usd_per_month"] == pytest.approx(sum(i["monthly_list_cost_usd"] for i in found["opportunities"]))
    assert set(found["presets"]) == {"cautious", "base", "aggressive"}
    cautious, base, bold = (found["presets"][name]["outcome"]["saving"]["mean"] for name in found["presets"])
    assert 0 < cautious < base < bold
    assert parse_plan(BASE + CHAT + found["toml"], base_dir=Path()).scenario("base").routes


def test_the_command_prints_and_writes_only_what_is_asked_for(tmp_path, capsys):
    path = saved(tmp_path, EVERY)
    suggest(path, as_json=False, quiet=True)
    assert "Nothing was applied or written." in capsys.readouterr().out
    assert [item.name for item in tmp_path.iterdir()] == ["plan.toml"]
    assert path.read_text(encoding="utf-8") == EVERY
    new = tmp_path / "new.toml"
    suggest(path, output=new, preset=["base"], as_json=True, quiet=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["file"], list(said["presets"])) == (str(new), ["base"])
    assert [item.name for item in load_plan(new).scenarios] == ["as is", "routed", "base"]
    with pytest.raises(InputError, match=r"new\.toml is there already"):
        suggest(path, output=new, quiet=True)
    suggest(path, output=new, preset=["cautious"], force=True, quiet=True)
    assert [item.name for item in load_plan(new).scenarios] == ["as is", "routed", "cautious"]


@pytest.mark.parametrize("link", ["plan.toml", "symbolic.toml", "hard.toml"])
def test_the_plan_itself_is_never_written_over(tmp_path, link):
    path = saved(tmp_path, EVERY)
    (tmp_path / "symbolic.toml").symlink_to(path)
    (tmp_path / "hard.toml").hardlink_to(path)
    with pytest.raises(InputError, match="is the plan itself"):
        suggest(path, output=tmp_path / link, force=True, quiet=True)
    assert path.read_text(encoding="utf-8") == EVERY


def test_what_was_found_is_shown_where_nothing_can_be_written(tmp_path, capsys):
    path = saved(tmp_path, BASE + CHAT)
    for as_json in (False, True):
        with pytest.raises(InputError, match="there is nothing to write"):
            suggest(path, output=tmp_path / "new.toml", preset=["cautious"], as_json=as_json)
        said = capsys.readouterr().out
        assert "evaluate first" in said
        assert not as_json or json.loads(said)["file"] is None
    assert "Nothing was applied" not in said


def test_names_of_types_cannot_steer_the_terminal(tmp_path, capsys):
    path = saved(tmp_path, BASE + CHAT.replace('"chat"', '"\\u001b[31mred\\u202eabc"'))
    suggest(path, preset=["base", "cautious"])
    said = "".join(capsys.readouterr())
    assert "[31mred" in said
    assert all(char.isprintable() for char in said.replace("\n", ""))


def test_the_plans_warnings_are_passed_on_in_their_order(monkeypatch):
    monkeypatch.setenv("PLANNER_TODAY", "2027-06-01")
    inputs = parse_plan(EVERY + evidence(990, 10, to=SONNET, more="graded_on = 2026-11-01"), base_dir=Path())
    warnings, notes = build_plan(inputs).warnings, suggestion(inputs).notes
    assert [line for line in notes if line in warnings] == list(warnings)
    assert any("Only 64 simulated paths" in line for line in notes)
    assert any("days old" in line for line in notes)
    assert notes[0].startswith("evidence[1] ('chat' on claude-sonnet-5-5) may be stale")


def test_sentences_say_what_the_table_says():
    found = suggestion(parse_plan(BASE + CHAT + evidence(1, 0), base_dir=Path()))
    assert any("could save at most $5.8k a month" in line for line in headline(found))  # 5,850, whatever 1 of 1 says
    twice = parse_plan(BASE + CHAT + CHAT.replace(OPUS, "claude-opus-5") + evidence(188, 12), base_dir=Path())
    now = next(line for line in headline(suggestion(twice)) if line.startswith("Move now"))
    assert now.count("'chat' to claude-haiku-5-5") == 1
    old = suggestion(parse_plan(BASE + CHAT + evidence(188, 12, more="graded_on = 2026-01-01"), base_dir=Path()))
    assert any(line.startswith("On stale evidence, to be graded again: 'chat'") for line in headline(old))
    assert "move now\non stale evidence" in tables(old)[0].rows[0]
    assert any("bar 90%, stale" in cell for cell in tables(old)[1].rows[0])
    bold = suggestion(parse_plan(BASE + CHAT + evidence(990, 10, to=SONNET), base_dir=Path()))
    more = next(line for line in headline(bold) if line.startswith("An evaluation could add"))
    assert f"'chat' to {HAIKU} at most $2.9k a month" in more  # 5,850 less 3,000, and the escalations of Sonnet
    unknown = suggestion(
        parse_plan(BASE + CHAT.replace("long_prompt_fraction = 0.0\n", "") + evidence(188, 12), base_dir=Path())
    )
    assert any("saves $4,877 to $5,477 a month, counted at the lower" in line for line in headline(unknown))
    assert any("pass: 188/200" in cell for cell in tables(unknown)[1].rows[0])


def test_a_saving_that_wrong_answers_eat_is_said():
    """6 % fail, a tenth of them accepted at 2 USD each: 0.0124 a request, beside 0.0055 saved."""
    plan = CHAT + route(escalation="{ passed = 188, failed = 12, fpr = 0.1 }", more="error_cost_usd = 2.0")
    found = suggestion(parse_plan(BASE + plan, base_dir=Path()))
    haiku = tables(found)[1].rows[0]
    assert (haiku[2], haiku[3]) == ("$5,514", "never")
    assert haiku[4].endswith("wrong answers cost more")
    assert found.opportunities[0].chosen.to == SONNET


def test_what_nothing_is_graded_for_is_at_most(example):
    """In every table, whole sessions or single requests; what costs more is no saving at most."""
    for item in example.opportunities:
        for candidate in item.candidates:
            assert candidate.evidence is not None or candidate.saving_usd_per_month == candidate.most_usd_per_month
    answer = next(row for row in tables(example)[1].rows if row[:2] == ("answer", "opus-5-5\n→ haiku-5-5"))
    assert answer[2] == "≤ $35,948\nsingly ≤ $35,048"
    agent = next(row for row in tables(example)[1].rows if row[:2] == ("code-agent", "opus-5-5\n→ sonnet-5-5"))
    assert agent[2] == "≤ $14,248\nsingly -$81,702"
    assert tables(example)[0].rows[0][4] == "$45,804"


def test_tables_are_little_wider_than_a_terminal(example):
    """Of eighty columns: names and words fold, and what they lack by then is a few letters."""
    for table in tables(example):
        lines = [[max(map(len, cell.split("\n"))) for cell in row] for row in (table.columns, *table.rows)]
        assert sum(map(max, zip(*lines, strict=True))) + 3 * len(table.columns) <= 92


def test_figures_that_mean_nothing_are_words():
    assert [break_even_words(value) for value in (-4.0, 0.0, 0.5, 1.0, 1.13, float("nan"))] == [
        "never",
        "never",
        "50.0%",
        "100.0%",
        "always",
        "-",
    ]
    assert [bar_in_words(value) for value in (0.9, 0.001, 0.99999)] == ["90%", "0.1%", "99.999%"]


def test_the_plans_own_scenario_shows_its_routes(example):
    assert tables(example)[3].rows[1][:2] == ("route first\n(the plan's own)", "3")


def test_every_number_that_a_preset_assumes_is_in_its_table(example):
    rows = tables(example)[4].rows
    assert len(rows) == sum(len(preset.moves) for preset in example.presets)
    shown = {(row[0], row[1]): row for row in rows}
    for preset in example.presets:
        for move in preset.moves:
            row = " ".join(shown[preset.name, move.request_type])
            assert f"{move.share[0]:.0%} to {move.share[1]:.0%}" in row
            assert move.prior is None or f"passes at {move.prior.chance:.0%}" in row


def test_mistakes_of_the_user_are_named(tmp_path):
    with pytest.raises(InputError, match="--preset bold: give cautious, base or aggressive"):
        suggest(saved(tmp_path, EVERY), preset=["bold"])
    with pytest.raises(InputError, match="there is nothing to write"):
        suggest(saved(tmp_path, BASE + CHAT), output=tmp_path / "new.toml", preset=["cautious"], quiet=True)
    assert not (tmp_path / "new.toml").exists()
