"""A file that somebody hands over as a workbook: checked for what it is, and how large it gets, before it is parsed."""

import lzma
import zlib
from io import BytesIO
from typing import Final
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from planner.errors import WorkbookError

MOST_BYTES: Final = 30_000_000
_MOST_UNPACKED_BYTES: Final = 150_000_000
_MOST_PARTS: Final = 1_000
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_CONTENTS: Final = "[Content_Types].xml"
_BOOK: Final = "xl/workbook.xml"
_XML: Final = (".xml", ".rels")
_CHUNK_BYTES: Final = 1 << 20


def check_package(content: bytes, label: str) -> None:
    """Refuse what is no workbook in Excel's format, or would unpack to more than any workbook of ours.

    Also one whose XML declares entities, which can grow without end and no spreadsheet writes. Errors: WorkbookError,
    with the file's name and the remedy.
    """
    if len(content) > MOST_BYTES:
        raise WorkbookError(f"{label}: {len(content):,} bytes; a workbook of this program has at most {MOST_BYTES:,}")
    if content.startswith(_OLE):
        raise WorkbookError(f"{label}: {_what_ole_is(content)}")
    try:
        with ZipFile(BytesIO(content)) as package:
            _check_sizes(package, label)
            _check_kind(package, label)
            for part in package.namelist():
                _check_part(package, part, label)
    except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise WorkbookError(
            f"{label}: it is no workbook, or a damaged one ({error}); give the .xlsx that `planner export` wrote, "
            "filled in"
        ) from None


def _what_ole_is(content: bytes) -> str:
    if _ENCRYPTED in content:
        return "the workbook is encrypted; open it, take the password off (File, Info, Protect Workbook), and save it"
    return "it is in the old .xls format; open it and save it as .xlsx"


def _check_sizes(package: ZipFile, label: str) -> None:
    """Sizes as the file states them; more than it states is never unpacked."""
    parts = package.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED_BYTES:
        raise WorkbookError(
            f"{label}: {len(parts):,} parts that unpack to {unpacked:,} bytes; a workbook of this program has at most "
            f"{_MOST_PARTS:,} of {_MOST_UNPACKED_BYTES:,} bytes together, so it is not read"
        )
    if any(part.flag_bits & 1 for part in parts):
        raise WorkbookError(f"{label}: the file is encrypted; save the workbook without a password")


def _check_kind(package: ZipFile, label: str) -> None:
    names = set(package.namelist())
    if {_CONTENTS, _BOOK} <= names:
        return
    what = "it is no workbook in Excel's format"
    if "mimetype" in names:
        what = "it is a document of LibreOffice or OpenOffice; open it and save it as Excel 2007-365 (.xlsx)"
    raise WorkbookError(f"{label}: {what}; give the .xlsx that `planner export` wrote, filled in")


def _check_part(package: ZipFile, name: str, label: str) -> None:
    """Read a part as XML: no document type, whatever the part is called; pictures and the like are none."""

    def refused(*_: object) -> None:
        raise WorkbookError(
            f"{label}: its part {name[:80]} declares a document type, which no spreadsheet writes; it is not read"
        )

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refused
    try:
        with package.open(name) as part:
            while chunk := part.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: an encoding that expat cannot read
        if name.endswith(_XML):
            raise WorkbookError(
                f"{label}: its part {name[:80]} is damaged ({error}); open the workbook and save it again"
            ) from None
