"""The standard's own word on an event: what is wrong with it by its JSON schemas, core and facets.

Belongs here: checking. Does not: the schemas of the standard, which lie beside the repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[1]
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
# What stands in an event → what the schemas call the base of its facets.
_BASES = {"run": ("RunFacet",), "job": ("JobFacet",), "inputFacets": ("InputDatasetFacet",),
          "outputFacets": ("OutputDatasetFacet",),
          # openlineage-dbt repeats the assertions of an input among the facets of the dataset.
          "facets": ("DatasetFacet", "InputDatasetFacet")}  # fmt: skip
_FOREIGN = "https://github.com/OpenLineage/OpenLineage/tree/main/integration/common/"  # openlineage-dbt's own facets

formats = FormatChecker(formats=())


@formats.checks("uri")
def _uri(value: object) -> bool:
    return isinstance(value, str) and bool(_URI.fullmatch(value))


@formats.checks("date-time", raises=ValueError)
def _moment(value: object) -> bool:
    return "T" in str(value) and datetime.fromisoformat(str(value)).tzinfo is not None


@formats.checks("uuid", raises=ValueError)
def _uuid(value: object) -> bool:
    return str(UUID(str(value))) == str(value).lower()


class Standard:
    """OpenLineage as its schemas have it.

    Args:
        directory: with `OpenLineage.json` and `facets/`.
    """

    def __init__(self, directory: Path) -> None:
        own = sorted((ROOT / "docs" / "facets").glob("*.json"))
        files = [directory / "OpenLineage.json", *sorted((directory / "facets").glob("*.json")), *own]
        self.facets = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
        self.core = self.facets.pop("OpenLineage")
        resources = [(d["$id"], Resource.from_contents(d)) for d in (self.core, *self.facets.values())]
        self._registry: Registry[Any] = Registry().with_resources(resources)

    def problems(self, event: Mapping[str, Any]) -> list[str]:
        """What is wrong with a run event; nothing where it is valid."""
        return [*self._against(self.core["$id"], "RunEvent", event, "event"), *self._in_facets(event)]

    def _against(self, schema: str, name: str, value: object, where: str) -> Iterator[str]:
        validator = Draft202012Validator(
            {"$ref": f"{schema}#/$defs/{name}"}, registry=self._registry, format_checker=formats
        )
        for error in validator.iter_errors(value):
            yield f"{where}: {'/'.join(map(str, error.absolute_path))}: {error.message}"

    def _in_facets(self, event: Mapping[str, Any]) -> Iterator[str]:
        for part in ("run", "job"):
            for key, facet in event.get(part, {}).get("facets", {}).items():
                yield from self._facet(part, key, facet, part)
        for side in ("inputs", "outputs"):
            for dataset in event.get(side, ()):
                for kind in ("facets", "inputFacets", "outputFacets"):
                    for key, facet in dataset.get(kind, {}).items():
                        yield from self._facet(kind, key, facet, f"{side} {dataset.get('name')}")

    def _facet(self, kind: str, key: str, facet: Mapping[str, Any], where: str) -> Iterator[str]:
        address, where = str(facet.get("_schemaURL", "")), f"{where}, facet {key}"
        if address.startswith(_FOREIGN):
            yield from self._against(self.core["$id"], "BaseFacet", facet, where)
            return
        name = address.rpartition("/")[2]
        schema = self.facets.get(name)
        if schema is None:
            yield f"{where}: {address or 'no address'} is the schema of no facet"
            return
        yield from self._against(schema["$id"], name, facet, where)
        if key not in schema["properties"]:
            yield f"{where}: {name} goes under {', '.join(schema['properties'])}"
        bases = [part["$ref"].rpartition("/")[2] for part in schema["$defs"][name]["allOf"] if "$ref" in part]
        if not set(bases) & set(_BASES[kind]):
            yield f"{where}: {name} is a {', '.join(bases)} and stands among {kind}"
