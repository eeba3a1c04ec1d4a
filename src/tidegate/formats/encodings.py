"""Which encoding is this text in? A guess, always stated, never hidden.

A byte order mark settles it. Text without one is taken for UTF-8 as long as at least one line with letters
beyond ASCII reads as UTF-8 (single broken lines are then rejected one by one). Otherwise the code pages of
the region are tried, and the one whose letters look most like writing wins. `cp1252` is the last resort:
almost any bytes can be read as it, so it is named as an assumption.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from tidegate.formats.rejects import FormatError

#: What a decoding error leaves behind in transcoded text. It cannot be written as UTF-8, so that the line
#: which holds it fails later, alone, with its number.
BROKEN = "\udcff"

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Codecs of Python that are not character sets of documents, or that hide one text in another.
_NOT_FOR_DOCUMENTS = frozenset({"utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"})


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` for Python's codecs; `bom`, the bytes to skip; `said`, one sentence on what was assumed and
    why."""

    name: str
    bom: bytes
    said: str

    @property
    def wide(self) -> bool:
        """True where a line feed is more than one byte, so that lines cannot be cut before decoding."""
        return self.name.startswith(("utf-16", "utf-32"))


def _mark_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error("tidegate-broken", _mark_broken)


def known_encoding(name: str) -> str:
    """The codec's own name; `FormatError` for one that Python does not have or that is no document
    encoding."""
    try:
        info = codecs.lookup(name)
    except LookupError:
        info = None
    text = getattr(info, "_is_text_encoding", True)
    if info is None or info.name in _NOT_FOR_DOCUMENTS or not text:
        raise FormatError(
            f"encoding {name!r} is not known",
            field="encoding",
            value=name,
            expected="a name such as utf-8 or cp874",
        )
    return info.name


def given_encoding(name: str, sample: bytes) -> Encoding:
    """The encoding that the caller has named; its byte order mark, if there is one, is still skipped."""
    codec = known_encoding(name)
    for bom, of in _BOMS:
        if sample.startswith(bom) and (codec == of or codec in ("utf-8-sig", of[:6])):
            return Encoding(of, bom, f"read as {of}, as asked for")
    if codec in ("utf-16", "utf-32"):
        codec += "-le"
    return Encoding("utf-8" if codec == "utf-8-sig" else codec, b"", f"read as {name}, as asked for")


def detect_encoding(sample: bytes) -> Encoding:
    """The encoding of a text whose beginning is `sample`."""
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Encoding(name, bom, f"{name.upper()}, by its byte order mark")
    wide = _wide_without_mark(sample)
    if wide:
        return Encoding(wide, b"", f"{wide.upper()}, assumed from the zero bytes between the letters (no mark)")
    lines = sample.split(b"\n")
    if len(lines) > 1:
        lines.pop()  # the sample may end inside a letter
    beyond_ascii = [line for line in lines if not line.isascii()]
    if not beyond_ascii:
        return Encoding("utf-8", b"", "UTF-8, assumed (the beginning is plain ASCII)")
    readable = sum(1 for line in beyond_ascii if _decodes(line, "utf-8"))
    if readable:
        said = "UTF-8"
        if readable < len(beyond_ascii):
            seen = len(beyond_ascii)
            said += (
                f", assumed although {seen - readable} of the first {seen} lines with letters beyond ASCII are "
                "not: those are rejected one by one"
            )
        return Encoding("utf-8", b"", said)
    text = b"\n".join(beyond_ascii)
    best, score = "cp1252", 0.0
    for name, judge in _JUDGES.items():
        try:
            decoded = text.decode(name)
        except UnicodeDecodeError:
            continue
        value = judge(decoded)
        if value > score:
            best, score = name, value
    label = _LABELS[best]
    if best == "cp1252":
        return Encoding(best, b"", f"{label}, assumed as the last resort: it is not UTF-8. Name the encoding if wrong")
    return Encoding(best, b"", f"{label}, assumed from its letters: it is not UTF-8. Name the encoding if wrong")


def _wide_without_mark(sample: bytes) -> str | None:
    head = sample[:4096]
    head = head[: len(head) - len(head) % 2]
    if len(head) < 8:
        return None
    zeros_even = head[0::2].count(0) / (len(head) / 2)
    zeros_odd = head[1::2].count(0) / (len(head) / 2)
    if zeros_odd > 0.4 and zeros_even < 0.05:
        return "utf-16-le"
    if zeros_even > 0.4 and zeros_odd < 0.05:
        return "utf-16-be"
    return None


def _decodes(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


# ---------------------------------------------------------------- how much a text looks like writing, 0 to 1

_THAI_RUN = re.compile(r"[ก-๛]{2,}")
#: What Thai spelling does not allow: a sign above or below that sits on no consonant, a vowel before nothing, two
#: tone marks; and letters that writing hardly uses.
_THAI_BAD = re.compile(r"(?:^|[^ก-ฮ็-๎ัิ-ฺ])[ัิ-ฺ็-๎]|[เ-ไ](?![ก-ฮ])|[่-๋]{2}|[ัิ-ู]{2}|[ฃฅฆฌฎฏฑฒฤฦฯฺ฿๏๚๛]|[ก-ฮ][๐-๙]")
_HANGUL = re.compile(r"[가-힣]")
_KANA = re.compile(r"[ぁ-んァ-ヶー]")
_HAN = re.compile(r"[一-鿿]")
#: Signs that goods descriptions and addresses are full of, in the two ways of writing them.
_SIMPLIFIED = frozenset(
    "的国有公司中上海广东深圳市省区路号塑料废碎聚乙烯丙下脚边角回收再生进出口贸易限颗粒薄膜瓶桶旧破电线纸"
)
_TRADITIONAL = frozenset(
    "的國有公司中上海廣東台灣市省區路號塑膠廢碎聚乙烯丙下腳邊角回收再生進出口貿易限顆粒薄膜瓶桶舊破電線紙"
)
_COMBINING = re.compile(r"[̣̀́̃̉]")
_ON_VOWEL = re.compile(r"[aăâeêioôơuưyAĂÂEÊIOÔƠUƯY][̣̀́̃̉]")


def _beyond(text: str) -> int:
    return sum(1 for c in text if ord(c) > 127) or 1


def _thai(text: str) -> float:
    in_runs = sum(len(run) for run in _THAI_RUN.findall(text))
    return in_runs / _beyond(text) - 3 * len(_THAI_BAD.findall(text)) / (in_runs or 1)


def _vietnamese(text: str) -> float:
    marks = len(_COMBINING.findall(text))
    if not marks:
        return 0.0
    return 0.95 * len(_ON_VOWEL.findall(text)) / marks if _ON_VOWEL.search(text) else 0.0


def _korean(text: str) -> float:
    return 0.97 * len(_HANGUL.findall(text)) / _beyond(text)


def _japanese(text: str) -> float:
    kana = len(_KANA.findall(text))
    return 0.97 * (kana + len(_HAN.findall(text))) / _beyond(text) if kana * 8 > _beyond(text) else 0.0


def _chinese(common: frozenset[str]) -> Callable[[str], float]:
    def judge(text: str) -> float:
        han = _HAN.findall(text)
        usual = sum(1 for c in han if c in common)
        if not han or usual * 10 < len(han):
            return 0.0
        return 0.9 * len(han) / _beyond(text) + 0.09 * usual / len(han)

    return judge


def _western(text: str) -> float:
    """Accented letters stand alone between plain ones; runs of them are another code page read wrongly."""
    letters = [c for c in text if ord(c) > 127]
    if not letters:
        return 0.0
    good = sum(1 for c in letters if unicodedata.category(c) in ("Lu", "Ll", "Sc", "Po", "Pd", "Pf", "Pi", "So"))
    runs = sum(len(run) for run in re.findall(r"[^\x00-\x7f]{3,}", text))
    return 0.8 * good / len(letters) - 0.8 * runs / len(letters)


_JUDGES: dict[str, Callable[[str], float]] = {
    "cp1252": _western,
    "cp874": _thai,
    "cp1258": _vietnamese,
    "cp949": _korean,
    "cp932": _japanese,
    "gb18030": _chinese(_SIMPLIFIED),
    "big5": _chinese(_TRADITIONAL),
}
_LABELS = {
    "cp1252": "Windows-1252 (Western European)",
    "cp874": "Windows-874 (Thai)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "cp949": "Windows-949 (Korean)",
    "cp932": "Windows-932 (Japanese)",
    "gb18030": "GB 18030 (Chinese, simplified)",
    "big5": "Big5 (Chinese, traditional)",
}
