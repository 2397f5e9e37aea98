"""Documents of an export that holds a part of a dataset: the certified ones, with what is not there taken out.

Belongs here: these changes, each said in the document. Does not: writing them (`exporting.py`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from esclusa.rows import Rows

CROISSANT = "croissant.json"
CARD = "README.md"
_SEALED_NOTE = " Encrypted in the files:"  # how the certified document begins to say so
_KEEPS_VALUES = {"", "hash"}  # masks under which a key still tells rows apart


def exported_croissant(certified: bytes, rows: Rows, schema: pa.Schema, part: str, digest: str, size: int) -> bytes:
    """The Croissant document of one file with the columns that were handed out.

    Args:
        certified: the document of the release.
        rows: that were handed out.
        schema: of the file.
        part: its name.
        digest, size: SHA-256 (hex) and bytes.
    """
    document = json.loads(certified)
    dataset = rows.certificate.dataset
    described = {f["name"]: f for s in document["recordSet"] for f in s["field"] if "source" in f}
    accepted = {s["@id"]: s for s in document["recordSet"] if s.get("dataType") == "sc:Enumeration"}
    fields = [_field(described.get(name, {}), dataset, name, rows, schema, part) for name in rows.columns]
    named = {f["references"]["field"]["@id"].rpartition("/")[0] for f in fields if "references" in f}
    whole = next((s["description"] for s in document["recordSet"] if s["@id"].startswith(dataset)), "")
    key = rows.certificate.document["predicate"]["primaryKey"]
    usable = all(name in rows.columns and rows.columns[name].technique in _KEEPS_VALUES for name in key)
    document["description"] = f"{document['description'].partition(_SEALED_NOTE)[0]} {note_on(rows)}"
    document["isLiveDataset"] = False
    document["isBasedOn"] = f"urn:sha256:{rows.certificate.digest}"
    document["distribution"] = [
        {
            "@type": "cr:FileObject",
            "@id": part,
            "name": part,
            "description": f"{rows.certificate.rows:,} rows.",
            "contentUrl": part,
            "contentSize": f"{size} B",
            "encodingFormat": "application/x-parquet",
            "sha256": digest,
        }
    ]
    record_set = {"@type": "cr:RecordSet", "@id": dataset, "name": dataset, "description": whole}
    if key and usable:
        record_set["key"] = [{"@id": f"{dataset}/{name}"} for name in key]
    document["recordSet"] = [{**record_set, "field": fields}, *(accepted[name] for name in accepted if name in named)]
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def exported_card(certified: bytes, rows: Rows) -> bytes:
    """The dataset card of the columns that were handed out: a hub infers their types from the file.

    Args:
        certified: the card of the release.
        rows: that were handed out.
    """
    _, head, body = certified.decode().split("---\n", 2)
    head = re.sub(r"^dataset_info:\n(?:[ -].*\n)*", "", head, flags=re.M)
    return f"---\n{head}---\n\n> **{note_on(rows)}**\n{body}".encode()


def note_on(rows: Rows) -> str:
    """What an export is, in a sentence or three.

    Args:
        rows: that were handed out.
    """
    masked = {name: access.technique for name, access in rows.columns.items() if access.technique}
    said = [
        f"Exported for the role {rows.log.role} and the purpose {rows.log.purpose} from the release that certificate "
        f"sha256:{rows.certificate.digest} vouches for; it does not vouch for these files."
    ]
    if rows.hidden:
        said.append(f"Left out: {', '.join(rows.hidden)}.")
    if masked:
        said.append(f"Masked: {', '.join(f'{name} ({technique})' for name, technique in masked.items())}.")
    return " ".join(said)


def _field(
    described: dict[str, Any], dataset: str, name: str, rows: Rows, schema: pa.Schema, part: str
) -> dict[str, Any]:
    technique = rows.columns[name].technique
    said = re.sub(r"\bEncrypted: (\w+)\.$", r"Classified: \1.", described.get("description", ""))
    field = {
        "@type": "cr:Field",
        "@id": f"{dataset}/{name}",
        "name": name,
        "description": f"{said} Masked: {technique}.".strip() if technique else said,
        "dataType": _data_type(schema.field(name).type),
        "source": {"fileObject": {"@id": part}, "extract": {"column": name}},
    }
    if "references" in described and not technique:
        field["references"] = described["references"]
    return field


def _data_type(kind: pa.DataType) -> str:
    import pyarrow as pa

    types = pa.types
    for is_kind, name in (
        (types.is_boolean, "sc:Boolean"),
        (types.is_integer, "cr:Int64"),
        (types.is_floating, "cr:Float64"),
        (types.is_decimal, "cr:Float64"),
        (types.is_date, "sc:Date"),
        (types.is_timestamp, "sc:DateTime"),
        (types.is_time, "sc:Time"),
    ):
        if is_kind(kind):
            return name
    return "sc:Text"
