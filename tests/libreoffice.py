"""Recalculate workbooks with LibreOffice, for tests."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

_ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""
# Left alone, LibreOffice shows the values that a file says its formulas have, and a test on them tests nothing.


def recalculate(soffice: str, files: Sequence[Path], folder: Path) -> list[Path]:
    """The same workbooks with every formula recalculated, in a folder of their own; one start of LibreOffice.

    A profile of its own lets tests run side by side and beside the user's LibreOffice.
    """
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_ALWAYS_RECALCULATE, encoding="utf-8")
    out = folder / "recalculated"
    out.mkdir()
    done = subprocess.run(
        [
            soffice,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(out),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    results = [out / file.name for file in files]
    missing = [path.name for path in results if not path.is_file()]
    assert not missing, f"LibreOffice did not convert {missing}: {done.stdout}{done.stderr}"
    return results
