"""Files for the tests of the batch page, and the way from upload to result."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import lxml.html
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tidegate.batch import WHOLE_SHIPMENT, screen_file
from tidegate.web.batch import conf
from tidegate.web.batch.models import Batch
from tidegate.web.jobs.worker import Worker

HEADERS = ["Declaration No", "Tanggal", "Country of export", "Import country", "HS Code", "Net weight (t)", "PE %"]
_EXPORT = ["DEU", "JPN", "AUS", "GBR"]
_IMPORT = ["MY", "TH", "VN", "ID"]


def messy(rows: int = 40) -> bytes:
    """A table as another system writes it: German decimals, alpha-3 codes, tonnes; its last two rows cannot be read."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([*HEADERS, "Bemerkung"])
    for n in range(rows - 2):
        day = f"{1 + n % 28:02d}/{1 + n % 12:02d}/2026"
        writer.writerow(
            [f"D-{n:04d}", day, _EXPORT[n % 4], _IMPORT[n // 4 % 4], "3915.10", f"{n + 1},5", "98,5", f"=cmd|{n}"]
        )
    writer.writerow(["D-bad1", "31/02/2026", "DEU", "MY", "3915.10", "1", "50", ""])
    writer.writerow(["D-bad2", "03/04/2026", "ZZZ", "MY", "3915.10", "1", "50", ""])
    return text.getvalue().encode("cp1252")


SHIPMENTS: list[dict[str, Any]] = [
    {
        "id": f"S-{n:03d}",
        "consignment": f"C-{n // 3}",
        "date": f"20{24 + n % 3}-0{1 + n % 9}-15",
        "export": ("JP", "DE", "US")[n % 3],
        "import": ("MY", "TH", "VN", "LA")[n % 4],
        "transit": ["SG"] if n % 5 == 0 else [],
        "hs": "391510",
        "polymers": {"PE": str(99 - n % 4)},
        "contamination_pct": str(n % 4),
        "operation": ("R3", "R1")[n % 2],
        **({"hazardous": False} if n % 3 else {}),
        **({"facts": {"source": "industrial", "remark": '<b>&"x'}} if n % 6 == 0 else {}),
        **({"documents": ["AP", {"kind": "COA", "issued": "2025-12-01"}]} if n % 4 == 0 else {}),
    }
    for n in range(58)
]
# Clear on paper: with something left to check, and with nothing left.
SHIPMENTS += [
    {
        "id": f"S-0{58 + n}",
        "consignment": "C-clear",
        "date": day,
        "export": "JP",
        "import": to,
        "hs": "391510",
        "polymers": {"PE": "99"},
        "contamination_pct": "1",
        "operation": "R3",
        "hazardous": False,
        "waste": True,
        "facts": {"to_specification": True},
    }
    for n, (to, day) in enumerate((("US", "2026-01-01"), ("KR", "2018-06-01")))
]


def lines(shipments: list[dict[str, Any]] | None = None) -> bytes:
    """Shipments as JSON Lines."""
    return "\n".join(json.dumps(s, ensure_ascii=False) for s in shipments or SHIPMENTS).encode()


def upload(client: Client, name: str, data: bytes, **more: Any) -> Any:
    """Sends a file; follows to the page that answers."""
    return client.post("/batch/upload/", {"files": SimpleUploadedFile(name, data), **more}, follow=True)


def screened(client: Client, name: str = "lines.jsonl", data: bytes | None = None) -> Batch:
    """A batch from upload to result."""
    response = upload(client, name, lines() if data is None else data)
    batch = Batch.objects.get(token=response.redirect_chain[0][0].strip("/").split("/")[-1])
    start(client, batch)
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "done", batch.job and batch.job.error
    return batch


def start(client: Client, batch: Batch) -> Any:
    """Starts a batch with the columns as they were guessed."""
    from tidegate.web.batch.source import look
    from tidegate.web.batch.store import source

    columns = {f"c{n}": column.choice for n, column in enumerate(look(source(batch)).columns)}
    return client.post(f"/batch/{batch.token}/columns/", {**columns, "do": "start"})


def decided(folder: Path, data: bytes, name: str = "in.jsonl") -> tuple[Path, Any]:
    """The same file screened without the web: the result, and its summary."""
    source = folder / name
    source.write_bytes(data)
    out = folder / "reference.parquet"
    return out, screen_file(source, out, keep=WHOLE_SHIPMENT)


def page(response: Any) -> Any:
    """A page as a tree; anything but a page is an error."""
    assert response.status_code == 200, response.status_code
    return lxml.html.fromstring(response.content)


def alert(response: Any) -> str:
    """What the page says went wrong, at the place where it did."""
    tree: Any = lxml.html.fromstring(response.content)
    return text(tree.xpath("//*[@role='alert']")[0])


def sent(client: Client, address: str) -> bytes:
    """A download, streamed or not."""
    response: Any = client.get(address)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def text(element: Any) -> str:
    """The text of an element, blanks drawn together."""
    return " ".join(element.text_content().split())


def only_batch() -> Batch:
    """The one batch there is."""
    return Batch.objects.get()


def files_left() -> list[Path]:
    """Every file that the batches have on the disk."""
    return [path for path in conf.folder().rglob("*") if path.is_file()] if conf.folder().exists() else []
