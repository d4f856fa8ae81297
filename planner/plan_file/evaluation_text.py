"""An [[evaluation]] to begin with, as text to paste into a plan file."""

from typing import Final

import tomlkit

_EXAMPLE: Final = """\
[[evaluation]]
request_type = {name}
bar = 0.90       # pass rate to hold
answers = 200    # graded answers to settle it
looks = 4        # taken on the way there
# a line: {{"messages": [...], "max_tokens": 500, "expected": "..."}}
sample = ["sample.jsonl"]
# or text, number, pattern, schema, set, python, judge
grader = {{ kind = "exact" }}
"""


def evaluation_example(request_type: str) -> str:
    """An evaluation of a type with the defaults written out, and a grader that needs an expected answer."""
    written = str(tomlkit.item(request_type).as_string())
    shown = "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)
    return _EXAMPLE.format(name=shown)
