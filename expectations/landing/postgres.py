"""Tables of a Postgres, read once and whole into Parquet, so that they land like any file.

Belongs here: DuckDB's postgres extension without a network, one consistent read, errors without the password.
Does not: what the columns mean. The connection is made in a DuckDB of its own, which forgets the URL when it closes.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from expectations.landing.arrival import Arrival, digest_of
from expectations.landing.delivery import Delivery
from expectations.sql import quote
from expectations.sql import text as literal

PACKAGES = ("duckdb_extension_postgres", "duckdb_extension_postgres_scanner")
FAULTS = {
    "Connection refused": "nothing listens there",
    "authentication failed": "user or password is not accepted",
    "no password supplied": "it asks for a password and got none",
    "could not translate host name": "the host name is unknown",
    "No such file or directory": "nothing listens there",
    "timeout": "no answer in time",
    "timed out": "no answer in time",
    "does not exist": "the database, user, schema or table does not exist",
    "permission denied": "the user may not read it",
    "invalid connection option": "the connection URL is malformed",
    'missing "="': "the connection URL is malformed",
}


def extension_directory(directory: Path) -> Path:
    """Links to the installed extension wheels, in the layout that DuckDB loads from; needs no network.

    Args:
        directory: where to make `v<version>/<platform>/<name>.duckdb_extension`.

    Returns:
        The directory, for `extension_directory` in a connection's config.

    Raises:
        RuntimeError: a wheel is not installed, or is of another DuckDB version.
    """
    with duckdb.connect() as probe:
        found = probe.execute("select version(), (select platform from pragma_platform())").fetchone()
    assert found is not None
    version, platform = found
    links = directory / version / platform
    links.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        spec = find_spec(package)
        folder = Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")
        extensions = list(folder.glob(f"extensions/{version}/*.duckdb_extension"))
        if not extensions:
            wheel = package.replace("_", "-")
            raise RuntimeError(
                f"DuckDB {version} needs the wheel {wheel}=={duckdb.__version__}: pip install it, then: esclusa run"
            )
        for extension in extensions:
            link = links / extension.name
            link.unlink(missing_ok=True)
            link.symlink_to(extension)
    return directory


def extract(delivery: Delivery, url: str | None, scratch: Path) -> Arrival:
    """Read a table in one query and write it as Parquet, every column as text, in a stable order.

    Args:
        delivery: the terms, of format `postgres`.
        url: libpq connection string or URL; never repeated in an error.
        scratch: an empty directory that the caller removes.

    Returns:
        The Parquet file; its digest says whether the table's content changed.

    Raises:
        DeliveryRefused: no connection, no such table, or the read broke off.
    """
    agreed = f"the table {delivery.relation}, readable with the connection of {delivery.source.system}"
    if not url:
        remedy = f"give the connection of {delivery.source.system} in the platform's settings"
        raise delivery.refused(delivery.place, seen="no connection was given", agreed=agreed, remedy=remedy)
    target = scratch / f"{delivery.name}.parquet"
    config: dict[str, str | bool | int | float | list[str]] = {
        "extension_directory": str(extension_directory(scratch / "extensions")),
        "autoinstall_known_extensions": "false",
        "temp_directory": str(scratch / "spill"),
    }
    schema, _, table = delivery.relation.rpartition(".")
    relation = f"source.{quote(schema or 'public')}.{quote(table)}"
    fault = None
    with duckdb.connect(config=config) as connection:
        connection.execute("load postgres_scanner")
        try:
            connection.execute(f"attach {literal(url)} as source (type postgres, read_only)")
            names = [quote(row[0]) for row in connection.execute(f"describe from {relation}").fetchall()]
            texts = ", ".join(f"cast({name} as varchar) as {name}" for name in names)
            connection.execute(
                f"copy (select {texts} from {relation} order by all) to {literal(str(target))} (format parquet)"
            )
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            fault = next((plain for mark, plain in FAULTS.items() if mark in str(error)), "the read failed")
    if fault:  # raised out here: DuckDB's own text repeats the URL, password included
        raise delivery.refused(delivery.place, seen=f"a Postgres that cannot be read: {fault}", agreed=agreed)
    return Arrival(delivery.place, target, digest_of(target))
