"""A file written whole: with the line ends and the byte-order mark that it had, or that it is to have."""

from codecs import BOM_UTF8
from pathlib import Path

import pytest

from planner.errors import InputError
from planner.whole_file import write_whole

TEXT = "one = 1\ntwo = 2\n"


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
@pytest.mark.parametrize("mark", [b"", BOM_UTF8])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_file_keeps_its_line_ends_and_its_mark_however_the_text_has_them(
    tmp_path: Path, end: bytes, mark: bytes, text: str
) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(mark + b"old = 0" + end)
    for _ in range(2):
        write_whole(path, text, remedy="none")
        assert path.read_bytes() == mark + b"one = 1" + end + b"two = 2" + end


def test_a_copy_is_like_its_source_and_not_like_what_it_replaces(tmp_path: Path) -> None:
    windows, plain, copy = (tmp_path / name for name in ("windows.toml", "plain.toml", "copy.toml"))
    windows.write_bytes(BOM_UTF8 + b"old = 0\r\n")
    plain.write_bytes(b"old = 0\n")
    for source, expected in ((windows, BOM_UTF8 + b"one = 1\r\ntwo = 2\r\n"), (plain, b"one = 1\ntwo = 2\n")) * 2:
        write_whole(copy, TEXT, remedy="none", like=source)
        assert copy.read_bytes() == expected


def test_a_new_file_has_plain_line_ends_and_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "new.toml", TEXT, remedy="none")
    assert (tmp_path / "new.toml").read_bytes() == TEXT.encode()
    (tmp_path / "other.toml").write_text(TEXT)
    assert (tmp_path / "new.toml").stat().st_mode == (tmp_path / "other.toml").stat().st_mode


def test_what_cannot_be_written_names_the_file_and_the_remedy_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").mkdir()
    with pytest.raises(InputError, match=r"plan\.toml: it is no regular file; give another"):
        write_whole(tmp_path / "plan.toml", TEXT, remedy="give another")
    with pytest.raises(InputError, match=r"none/plan\.toml: No such file or directory; make the folder"):
        write_whole(tmp_path / "none" / "plan.toml", TEXT, remedy="make the folder")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]
