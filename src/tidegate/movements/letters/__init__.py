"""Letters to other States, to companies and to the Secretariat, from versioned templates (the standard procedures).

A template is a YAML file in `templates/`: its id, version, title, legal basis, paragraphs with placeholders in braces,
and a list of fields. What is written is kept as text with the case, under the id and version of its template; the paper
is made from the same values. A placeholder for which nothing is known reads “not known”: a letter never hides a gap.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tidegate.law.loader import parse_yaml
from tidegate.movements import evidence
from tidegate.movements.letters import values
from tidegate.movements.models import Attachment
from tidegate.movements.models.base import CaseRow
from tidegate.paper import pdf
from tidegate.parties import files, journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused

FOLDER = Path(__file__).with_name("templates")


class TemplateError(ValueError):
    """A template cannot be used: names the file, the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Template:
    """One standard letter. `fields` are (label, placeholder) pairs of its table."""

    id: str
    version: int
    title: str
    basis: str
    paragraphs: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """What was composed: every part in the reader's language."""

    template: str
    version: int
    reference: str
    sender: str
    to: str
    day: str
    title: str
    basis: str
    paragraphs: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The letter as plain text."""
        head = [
            self.sender,
            *([self.to] if self.to else []),
            f"{self.reference} · {self.day}",
            "",
            self.title,
            self.basis,
        ]
        table = [f"{label}: {value}" for label, value in self.fields]
        return "\n".join([*head, "", *("\n\n".join(self.paragraphs)).split("\n"), "", *table, ""])

    def paper(self, *, generated: datetime | None = None, language: str = "en") -> bytes:
        """The letter as a tagged, archival PDF with its values attached as JSON."""
        body = {
            "sender": pdf.show(self.sender),
            "to": pdf.show(self.to),
            "day": pdf.show(self.day),
            "basis": pdf.show(self.basis),
            "paragraphs": [pdf.show(one) for one in self.paragraphs],
            "fields": [[pdf.show(label), pdf.show(value)] for label, value in self.fields],
        }
        attached = {"template": self.template, "version": self.version, "fields": dict(self.fields)}
        return pdf.render(
            "letter", body, title=self.title, kind=gettext("Letter"), reference=self.reference,
            labels={
                "to": gettext("To"),
                "particulars": gettext("Particulars"),
                "signature": gettext("For the authority"),
            },
            footer=f"{self.template} · {self.version}", generated=generated or times.now(), language=language,
            attachments=[
                pdf.Attachment("letter.json", json.dumps(attached, ensure_ascii=False, indent=1),
                               gettext("The values of this letter"))
            ],
            translate=gettext,
        )  # fmt: skip


@lru_cache(maxsize=1)
def templates() -> Mapping[str, Template]:
    """Every shipped template by its id. Raises TemplateError."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {template.id: template for template in found}


def _read(path: Path) -> Template:
    raw = parse_yaml(path.name, path.read_bytes())
    if not isinstance(raw, Mapping):
        raise TemplateError(f"{path.name}: expected a mapping")
    for name, kind in (("id", str), ("version", int), ("title", str), ("basis", str), ("paragraphs", list),
                       ("fields", list)):  # fmt: skip
        if not isinstance(raw.get(name), kind):
            raise TemplateError(f"{path.name}: {name}: {raw.get(name)!r}; expected {kind.__name__}")
    pairs = tuple((str(pair[0]), str(pair[1])) for pair in raw["fields"])
    template = Template(
        raw["id"], raw["version"], raw["title"], raw["basis"], tuple(str(p).strip() for p in raw["paragraphs"]), pairs
    )
    texts = (template.title, *template.paragraphs)
    used = {part[1] for text in texts for part in string.Formatter().parse(text) if part[1]}
    used |= {name for _label, name in pairs}
    if unknown := sorted(used - set(values.NAMES)):
        raise TemplateError(f"{path.name}: {unknown[0]}: no such placeholder; expected {', '.join(values.NAMES)}")
    return template


def compose(row: CaseRow, template: str, *, to: str = "", day: datetime | None = None, **more: str) -> Letter:
    """A letter about a take-back case or a movement. Raises Refused("template")."""
    known = templates().get(template)
    if known is None:
        raise Refused("template", _("There is no such letter."), field="template", value=template[:40],
                      expected=", ".join(templates()))  # fmt: skip
    given = {**values.of(row, to=to, at=day or times.now()), **more}
    filled = _filled(given)
    return Letter(
        template=known.id,
        version=known.version,
        reference=row.case,
        sender=given["authority"],
        to=given["addressee"],
        day=given["today"],
        title=gettext(known.title).format(**filled),
        basis=gettext(known.basis),
        paragraphs=tuple(gettext(one).format(**filled) for one in known.paragraphs),
        fields=tuple((gettext(label), filled[name]) for label, name in known.fields),
    )


def offered(row: CaseRow) -> list[tuple[str, str, str]]:
    """The letters that can be written about a case: id, title with what is known now, legal basis."""
    filled = _filled(values.of(row, to="", at=times.now()))
    return [(one.id, gettext(one.title).format(**filled), gettext(one.basis)) for one in templates().values()]


def _filled(given: Mapping[str, str]) -> dict[str, str]:
    """A word for every placeholder."""
    unknown = gettext("not known")
    return {name: given.get(name) or unknown for name in values.NAMES}


def write(actor: Actor, row: CaseRow, template: str, *, to: str = "", **more: str) -> Attachment:
    """Compose a letter and keep it with its case, as it was written on that day."""
    letter = compose(row, template, to=to, day=None, **more)
    made = evidence.keep(
        actor, row, name=f"{letter.title}.txt", media_type="text/plain", data=letter.text().encode(),
        kind=f"letter:{letter.template}@{letter.version}",
    )  # fmt: skip
    row.revision += 1
    row.save(update_fields=["revision"])
    journal.record(
        actor, "letter.written", row, revision=row.revision, case=row.case,
        payload={"template": letter.template, "version": letter.version, "to": letter.to, "sha256": made.sha256},
    )  # fmt: skip
    return made


def of(row: CaseRow) -> list[Attachment]:
    """The letters kept with a row, the earliest first."""
    return list(Attachment.objects.filter(subject_id=row.pk, kind__startswith="letter:").order_by("added_at", "pk"))


def text_of(made: Attachment) -> str:
    """A kept letter, word for word. Raises FileNotFoundError where its bytes are gone."""
    return files.path_of(made.sha256).read_text(encoding="utf-8")


__all__ = ["Letter", "Template", "TemplateError", "compose", "of", "templates", "text_of", "write"]
