"""For whom a call is answered: the caller, the release in force, and what both together allow.

Belongs here: completing and checking role and purpose before anything of a dataset is told. Does not: the decision on
columns (`permission.py`), the tools (`tools.py`), where callers come from (`served.py`, `cli/mcp.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from esclusa.access import Access, Grant, read_policies
from esclusa.discovery import Offer, granted_purposes, offers
from esclusa.errors import EsclusaError, Misused, NotCertified, NotPermitted
from esclusa.ledger.reads import ReadLog, account
from esclusa.permission import Request, demand_environment, permitted
from esclusa.reader import Release
from esclusa.rows import Rows
from esclusa.server.callers import Caller
from esclusa.server.tokens import ANY
from esclusa.verification import Vouched

# (dataset, role, purpose, columns or None) → the rows, decided and recorded
Opening = Callable[[str, str, str, Sequence[str] | None], AbstractContextManager[Rows]]


@dataclass(frozen=True)
class Granted:
    """A dataset that the caller may read, for what it asked.

    Args:
        vouched: its evidence.
        role, purpose: in which, and for what.
        columns: those that it may read, in order.
    """

    vouched: Vouched
    role: str
    purpose: str
    columns: Mapping[str, Access]


@dataclass(frozen=True)
class Desk:
    """One call's view of the golden repository.

    Args:
        caller: who asks.
        release: in force.
        opened: the one way to rows.
    """

    caller: Caller
    release: Release
    opened: Opening

    def offers(self, purpose: str, role: str, text: str) -> list[Offer]:
        """What this caller may have for a purpose, each with the roles that this caller may take.

        Args:
            purpose, role: as asked; empty where nothing was said.
            text: words to look for.

        Raises:
            Misused: no purpose was said, and the caller has not exactly one.
            NotPermitted: the caller may not take that role or read for that purpose.
        """
        purpose = self.purpose(purpose)
        self.caller.demand(role, purpose)
        if not purpose:
            raise Misused(
                "Datasets are found for a purpose.",
                observed="no purpose",
                required=f"one of: {', '.join(self.purposes()) or 'none: nothing is granted today'}",
                remedy="Call again with the purpose that the data will be used for.",
            )
        return offers(self.release, purpose=purpose, role=role or self.roles, text=text)

    @property
    def roles(self) -> frozenset[str] | None:
        """The roles that the caller may take; None for every role."""
        return None if ANY in self.caller.roles else self.caller.roles

    def purpose(self, asked: str) -> str:
        """What is read for: as asked, else the one purpose that the caller has; it is never guessed from grants.

        Args:
            asked: empty where nothing was said.
        """
        return asked or _only(self.caller.purposes)

    def purposes(self) -> list[str]:
        """The purposes that something is granted to this caller for today."""
        granted = granted_purposes(self.release, self.roles)
        return [purpose for purpose in granted if not self.caller.purposes or purpose in self.caller.purposes]

    def datasets(self) -> list[str]:
        """Every dataset that the caller may read for any of its purposes, sorted."""
        return sorted({offer.dataset for purpose in self.purposes() for offer in self.offers(purpose, "", "")})

    def demand_allowed(self, dataset: str) -> None:
        """Refuse a dataset that the caller may read for none of its purposes.

        Args:
            dataset: as asked.

        Raises:
            EsclusaError: as `granted`.
        """
        self.demand_known(dataset)
        if dataset not in self.datasets():
            self.granted(dataset, "", "")

    def granted(self, dataset: str, role: str, purpose: str) -> Granted:
        """A dataset that the caller may read today; all of it is decided before anything of it is told.

        Args:
            dataset: its name.
            role, purpose: as asked; empty where nothing was said.

        Raises:
            EsclusaError: it is not certified, unexpired, of the environment that is read, or not granted.
        """
        self.demand_known(dataset)
        self.caller.demand(role, purpose)
        today, vouched = datetime.now(UTC).date(), self.release.vouched(dataset)
        role, purpose = self.completed(dataset, role, purpose)
        request = Request(role, purpose, self.release.request(role, purpose, False).production)
        demand_environment(vouched.certificate, request)
        return Granted(vouched, role, purpose, permitted(vouched, request, None, today))

    def completed(self, dataset: str, role: str, purpose: str) -> tuple[str, str]:
        """Role and purpose, as far as only one can be meant.

        Args:
            dataset, role, purpose: as asked.
        """
        purpose = self.purpose(purpose)
        role = role or _only(self.caller.roles - {ANY})
        if not role and purpose:
            mine = {grant.role for grant in self._grants(dataset) if grant.purpose == purpose}
            role = _only(mine if self.roles is None else mine & self.roles)
        return role, purpose

    def _grants(self, dataset: str) -> list[Grant]:
        try:
            policies = read_policies(self.release.vouched(dataset).policies)
        except EsclusaError:
            return []  # whoever goes on to read it is told why
        today: date = datetime.now(UTC).date()
        return [grant for grant in policies.grants if grant.until >= today.isoformat()]

    def demand_known(self, dataset: str) -> None:
        """Refuse a name that the catalogue does not show, without naming what it shows.

        Args:
            dataset: as asked.

        Raises:
            NotCertified: there is no such dataset.
        """
        if dataset not in self.release.datasets:
            raise NotCertified(
                f"There is no dataset {dataset!r}.",
                observed=f"{dataset!r} is not in the catalogue",
                required="the exact name of a dataset",
                remedy="find_datasets lists those that you may use for a purpose.",
            )


def _only(names: Collection[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


class _Started(Caller):
    """Whoever started this process, and said in which role and for what it reads."""

    def demand(self, role: str, purpose: str) -> None:
        """As `Caller.demand`; no token widens what was said at the start."""
        try:
            super().demand(role, purpose)
        except NotPermitted as refused:
            refused.remedy = "esclusa mcp was started for this alone; whoever started it can start it for another."
            raise


def local_desk(open_release: Callable[[], Release], role: str, purpose: str) -> Desk:
    """A desk for whoever runs this process: the newest release, and reads recorded under their account.

    Args:
        open_release: pins the newest release.
        role, purpose: that every call is held to; empty leaves the choice to each call.

    Raises:
        EsclusaError: the release itself is refused.
    """
    caller = _Started(account(), frozenset({role or ANY}), frozenset({purpose} if purpose else ()))
    release = open_release()

    @contextmanager
    def opened(dataset: str, role: str, purpose: str, columns: Sequence[str] | None) -> Iterator[Rows]:
        with ReadLog(release.ledger, role, purpose).refusals(dataset, columns):
            caller.demand(role, purpose)
        with release.opened(dataset, release.request(role, purpose, False), columns) as rows:
            yield rows

    return Desk(caller, release, opened)
