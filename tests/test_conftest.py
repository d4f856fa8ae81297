"""The suite's own helpers do not let a check disappear."""

from collections.abc import Callable

import pytest


def test_a_program_that_exists_is_found_under_its_second_name(requires: Callable[..., str]) -> None:
    assert requires("no-such-program", "sh").endswith("/sh")


def test_a_missing_program_skips_on_a_users_machine(
    requires: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs no-such-program or nor-this"):
        requires("no-such-program", "nor-this")


def test_a_missing_program_fails_in_ci(requires: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs no-such-program"):
        requires("no-such-program")


def test_a_golden_file_that_is_missing_or_differs_fails(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if request.config.getoption("--update-golden"):
        pytest.skip("this run rewrites golden files")
    folder = tmp_path_factory.mktemp("golden")
    golden = request.getfixturevalue("golden")
    monkeypatch.setitem(golden.__globals__, "GOLDEN_FOLDER", folder)
    with pytest.raises(pytest.fail.Exception, match="--update-golden"):
        golden("report.txt", "as it is now")
    (folder / "report.txt").write_text("as it was")
    with pytest.raises(AssertionError, match="differs"):
        golden("report.txt", "as it is now")
    golden("report.txt", "as it was")
