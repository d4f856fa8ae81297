"""Files of graded answers: what is written is read again, and whatever else is in a file is named and survived."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InputError
from planner.evidence.graded import GradedAnswer, read_graded, read_graded_files, write_graded

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.strip)
ANSWERS = st.lists(
    st.builds(
        GradedAnswer,
        request_type=NAMES,
        candidate=NAMES,
        id=NAMES,
        passed=st.booleans(),
        reference_passed=st.none() | st.booleans(),
        cost_usd=st.none() | st.floats(0, 1e6),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda answer: (answer.request_type, answer.candidate, answer.id),
)
GOOD = {"request_type": "triage", "candidate": "cheap", "id": "1", "passed": True}


def written(folder: Path, *lines: object, name: str = "graded.jsonl") -> Path:
    """A file of lines: text and bytes as they are, anything else as JSON."""
    raw = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    path = folder / name
    path.write_bytes(b"\n".join(raw))
    return path


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.sampled_from(["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"]))
def test_what_is_written_is_read_again_in_its_order(tmp_path_factory, answers, name):
    path = tmp_path_factory.mktemp("graded") / name
    write_graded(path, answers)
    assert read_graded([path]) == tuple(answers)
    first = path.read_bytes()
    write_graded(path, answers)
    assert path.read_bytes() == first


def test_packed_files_marks_blank_lines_and_windows_ends_are_read(tmp_path):
    line, other = json.dumps(GOOD), json.dumps(GOOD | {"id": 2, "reason": {"NaN": [1]}, "reference_passed": None})
    text = b"\xef\xbb\xbf" + f"\r\n{line}\r\n\r\n   \n{other}".encode()
    expected = (GradedAnswer(**GOOD), GradedAnswer(**(GOOD | {"id": "2"})))
    packed = {"plain": text, "gz": gzip.compress(text), "zst": zstandard.compress(text), "no-name": gzip.compress(text)}
    for name, content in packed.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert read_graded([path]) == expected


def test_an_answer_that_is_told_twice_counts_once_and_one_with_two_verdicts_is_refused(tmp_path):
    again = GOOD | {"cost_usd": 0.01, "reference_passed": False}
    first, second = written(tmp_path, GOOD, GOOD | {"id": "2"}, again), written(tmp_path, GOOD, name="more.jsonl")
    found = read_graded_files([first, second])
    assert found.repeated == 2
    assert found.answers == (GradedAnswer(**again), GradedAnswer(**(GOOD | {"id": "2"})))
    other = written(tmp_path, "", GOOD | {"passed": False}, name="other.jsonl")
    with pytest.raises(InputError) as error:
        read_graded([first, other])
    for part in (f"{first}, line 1", f"{other}, line 2", '"1"', "passed = false", "keep the line"):
        assert part in str(error.value)
    with pytest.raises(InputError, match="reference_passed = true here and false"):
        read_graded([written(tmp_path, again, again | {"reference_passed": True})])


BAD = [
    (GOOD | {"passed": 1}, "passed = 1: write true or false"),
    (GOOD | {"passed": "true"}, 'passed = "true": write true or false, without quotes'),
    (GOOD | {"passed": None}, "has no passed"),
    (GOOD | {"passed": "Dear customer, your parcel is late because"}, "passed = a text of 42 characters"),
    (GOOD | {"reference_passed": 0}, "reference_passed = 0: write true or false"),
    ({"candidate": "c", "id": "1", "passed": True}, "has no request_type"),
    (GOOD | {"candidate": " "}, 'candidate = " ": give a text'),
    (GOOD | {"id": ["a"]}, "id = a list: give a text"),
    (GOOD | {"id": True}, "id = true: give a text"),
    (GOOD | {"id": "x" * 1001}, "id has 1,001 characters"),
    (GOOD | {"cost_usd": -0.5}, "cost_usd = -0.5: give dollars"),
    (GOOD | {"cost_usd": True}, "cost_usd = true: give dollars"),
    (GOOD | {"cost_usd": 10**400}, "cost_usd = a long number: give dollars"),
    (GOOD | {"cost_usd": "0.1"}, 'cost_usd = "0.1": give dollars'),
    (json.dumps(GOOD)[:-1] + ', "cost_usd": NaN}', "NaN is no JSON"),
    (json.dumps(GOOD)[:-1] + ', "x": Infinity}', "Infinity is no JSON"),
    (json.dumps(GOOD)[:-1] + ', "passed": false}', 'the key "passed" stands twice'),
    ([GOOD], "holds a list; write one object a line"),
    ("7", "holds a number"),
    ("{'request_type': 'triage'}", "no JSON"),
    (json.dumps(GOOD)[:-5], "no JSON"),
    ("[" * 200_000, "nested too deeply"),
    (json.dumps(GOOD)[:-1] + f', "n": {"9" * 5000}}}', "4300 digits"),
    (b'{"request_type": "caf\xe9"}', "is not UTF-8"),
    (b"\xff\xfe{\x00", "is not UTF-8"),
]


@pytest.mark.parametrize(("line", "said"), BAD, ids=[said for _, said in BAD])
def test_what_is_no_graded_answer_is_refused_with_file_line_value_and_remedy(tmp_path, line, said):
    path = written(tmp_path, GOOD, "", line)
    with pytest.raises(InputError) as error:
        read_graded([path])
    assert str(error.value).startswith(f"{path}, line 3: ")
    assert said in str(error.value)
    assert "parcel" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    line = json.dumps(GOOD).encode()
    damaged = {
        "cut.gz": gzip.compress(line * 100)[:-12],
        "cut.zst": zstandard.compress(line * 100)[:-3],
        "noise.gz": b"\x1f\x8b" + b"noise" * 20,
        "noise.zst": b"\x28\xb5\x2f\xfd" + b"noise" * 20,
    }
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}: the compressed file is damaged"):
            read_graded([path])
    with pytest.raises(InputError, match=r"gone\.jsonl is not there"):
        read_graded([tmp_path / "gone.jsonl"])
    with pytest.raises(InputError, match="is no file"):
        read_graded([tmp_path])
    empty = written(tmp_path, "", " ", name="empty.jsonl")
    with pytest.raises(InputError, match=r"empty.jsonl: no graded answer in it; give JSON lines such as"):
        read_graded([empty])
    with pytest.raises(InputError, match=r"line 2: longer than 8 MB"):
        read_graded([written(tmp_path, GOOD, b'{"text": "' + b"x" * (12 << 20) + b'"}')])


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*; choose another"):
        write_graded(tmp_path / "no" / "graded.jsonl", [GradedAnswer(**GOOD)])
