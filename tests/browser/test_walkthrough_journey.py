"""The walk of docs/app.md, step by step: what the document says of each page is what the page shows."""

import re

from journeys import PICTURES, playwright
from openpyxl import load_workbook
from walkthrough import LOG, STEPS, picture_of, walked


def test_a_new_user_goes_from_an_own_log_to_the_saved_workbook(browser: "playwright.Browser") -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with walked(browser) as (page, folder):
        for step in STEPS:
            step.walk(page, folder)
            playwright.expect(page.get_by_text(re.compile(step.shows)).first).to_be_visible(timeout=60_000)
            assert page.get_by_test_id("stException").count() == 0, step.file
            picture_of(page, step, PICTURES / f"walkthrough-{step.file}.png")
        book = load_workbook(folder / "gateway.xlsx", data_only=True)
        cells = [
            str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
        ]
        book.close()
        assert any("gateway" in text for text in cells), "the plan goes by the name of its log"
        assert not [text for text in cells if re.match(r"#(REF|NAME|VALUE|DIV/0|N/A|NUM|NULL)", text)]
        assert f'sources = ["{LOG}"]' in (folder / "gateway.toml").read_text(encoding="utf-8")
