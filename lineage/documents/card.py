"""`README.md`: the dataset card, for people and for hubs that read its front matter.

Belongs here: the card. Does not: the whole story (`datasheet.py`), loading (`croissant.py`).
Source: the Hugging Face Hub's dataset cards: YAML front matter with `license`, `size_categories`, `configs` and
`dataset_info`, then Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from expectations.verdict import State
from lineage.documents.croissant import citation
from lineage.documents.facts import Facts, day_of
from lineage.documents.markdown import code, escaped, listed, table

FILE = "README.md"
_SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"), (10**12, "100B<n<1T"),
)  # fmt: skip
_LICENSES = {  # SPDX id → the hub's word; any other is `other`, with name and link
    **{spdx: spdx.lower() for spdx in (
        "Apache-2.0", "BSD-3-Clause", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "MIT",
    )},
    "ODC-By-1.0": "odc-by", "ODbL-1.0": "odbl", "PDDL-1.0": "pddl",
}  # fmt: skip
_DTYPES = {"double": "float64", "float": "float32", "halffloat": "float16", "date32[day]": "date32"}


def card(facts: Facts) -> bytes:
    """The dataset card of one release; the same facts give the same bytes.

    Args:
        facts: of the release.
    """
    stream = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 4096
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order that people know
    yaml.dump(front_matter(facts), stream)
    body = "\n\n".join(block for block in _blocks(facts) if block)
    return f"---\n{stream.getvalue()}---\n\n{body}\n".encode()


def front_matter(facts: Facts) -> dict[str, Any]:
    """What a hub reads: licence, size, which files are the data, and the type of each column.

    Args:
        facts: of the release; the footer of its first file is read.
    """
    contract = facts.contract
    sheet = contract.custom.get("datasheet", {})
    features = [
        {"name": field.name, "dtype": _DTYPES.get(str(field.type), str(field.type))}
        for field in pq.read_schema(facts.published.parts[0].path)
    ]
    split = {"name": "train", "num_bytes": facts.size, "num_examples": facts.rows}
    return {
        **_license(sheet.get("license")),
        **({"language": list(sheet["language"])} if sheet.get("language") else {}),
        "pretty_name": facts.title,
        "size_categories": [next((word for limit, word in _SIZES if facts.rows < limit), "n>1T")],
        "tags": ["tabular", "esclusa", *sorted({*contract.tags, *(use.term for use in contract.terms)})],
        # One split: which rows a model learns from is its maker's decision, and the hub's word for one is `train`.
        "configs": [
            {"config_name": "default", "default": True, "data_files": [{"split": "train", "path": "*.parquet"}]}
        ],
        "dataset_info": {
            "config_name": "default",
            "features": features,
            "splits": [split],
            "download_size": facts.size,
            "dataset_size": facts.size,
        },
    }


def _license(stated: dict[str, str] | None) -> dict[str, str]:
    if not stated:
        return {"license": "unknown"}
    if stated["id"] in _LICENSES:
        return {"license": _LICENSES[stated["id"]]}
    named = stated["id"].removeprefix("LicenseRef-").lower()
    link = {"license_link": stated["url"]} if stated.get("url") else {}
    return {"license": "other", "license_name": named, **link}


def _blocks(facts: Facts) -> Iterator[str]:
    contract, verdict = facts.contract, facts.verdict
    yield f"# {escaped(facts.title)}"
    yield "\n".join(f"> **{caveat}**  " for caveat in facts.caveats)
    yield escaped(str(contract.description.get("purpose") or contract.table.description))
    yield f"{facts.rows:,} rows, {escaped(contract.table.grain[:1].lower() + contract.table.grain[1:])}"
    yield "## Certificate"
    passed = sum(1 for f in verdict.findings if f.state is State.PASS)
    yield (
        f"This release keeps its contract: of {len(verdict.findings)} rules {passed} passed on exactly these bytes, "
        f"{len(facts.findings(State.WARN))} warned, {len(facts.waivers)} were waived. A signed "
        f"[in-toto](https://in-toto.io) statement, `certificate.json`, says so and names every file, this one too."
    )
    yield table(
        ("of this release", "stated"),
        [
            ("Certified", day_of(facts.certified_at)),
            ("Valid until", day_of(facts.valid_until)),
            ("Environment", escaped(str(verdict.environment))),
            ("Owner", escaped(contract.owner)),
            ("Contract", f"{escaped(contract.version)}, {code(contract.digest)}"),
            ("Candidate", code(verdict.candidate_digest)),
            ("Ask", ", ".join(escaped(str(channel["channel"])) for channel in contract.support)),
        ],
    )
    yield f"Verify it: `esclusa verify {contract.name}`, or with `tuf` and `cryptography` alone."
    yield "## Use it"
    role = contract.roles[0] if contract.roles else None
    reader = f'role="{role.name}", purpose="{role.purposes[0]}"' if role and role.purposes else 'role="…", purpose="…"'
    yield f'```python\nimport esclusa\n\nesclusa.read("{contract.name}", {reader}).to_pandas()\n```'
    yield _whole_files(facts)
    yield (
        listed(
            [
                f"{code(role.name)} may read it for {', '.join(map(code, role.purposes))}"
                + (f", until {role.expires}." if role.expires else ".")
                for role in contract.roles
            ]
        )
        if contract.roles
        else ""
    )
    yield "## Columns"
    yield table(
        ("column", "type", "what it is", "in the files"),
        [
            (
                code(c.name),
                escaped(c.physical_type),
                escaped(c.description),
                f"encrypted ({facts.published.columns[c.name]})" if c.name in facts.published.columns else "open",
            )
            for c in contract.table.columns
        ],
    )
    yield "## Limitations"
    yield escaped(str(contract.description.get("limitations") or "Not stated."))
    yield "All seven sections of a datasheet are in `datasheet.md`, the promise in `contract.yaml`."
    yield "## Cite it"
    yield f"```bibtex\n{citation(facts)}\n```"


def _whole_files(facts: Facts) -> str:
    load = '`datasets.load_dataset("<directory>")` and `mlcroissant.Dataset("<directory>/croissant.json")`'
    if facts.published.columns:
        return (
            f"Some columns are encrypted, so that loaders of whole files cannot read these. `esclusa export "
            f"{facts.contract.name}` writes what your role may read to a directory that {load} load."
        )
    return f"`esclusa export {facts.contract.name}` writes the release to a directory that {load} load."
