"""Supply: whether each use case has what it needs now, and what it waits for.

Belongs here: the state of a use case, from the states of its datasets and its grants. Does not: what is promised of it
(`promises.py`), the decision on a read (`permission.py`): every read is decided anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime

from esclusa.access import read_policies
from esclusa.discovery import readable_in
from esclusa.errors import EsclusaError, NotCertified
from esclusa.listing import Why
from esclusa.promises import PromisedDataset, Promises, UseCase
from esclusa.reader import open as open_release
from esclusa.release import Release

PathLike = str | os.PathLike[str]
SERVED, BEHIND = "served", "behind"
_SHOWN = 3  # findings that a reason names


@dataclass(frozen=True)
class Need:
    """A dataset that a use case needs, and what it gets of it now.

    Args:
        state: `served`; `behind`, where it reads a certified release and the gate is shut for a newer candidate; or it
            waits: `shut`, `expired`, `withdrawn`, `broken`, `sandbox` (not for production), `ungranted`.
        since: when it came to be so, UTC, or None.
        reason: why, with observed and required; "" where it is served.
        owner: who is asked to act.
        remedy: the next command.
    """

    dataset: str
    state: str
    since: datetime | None
    reason: str
    owner: str
    remedy: str

    @property
    def served(self) -> bool:
        """True where certified rows can be read."""
        return self.state in (SERVED, BEHIND)


@dataclass(frozen=True)
class Supply:
    """A use case and what it gets.

    Args:
        use_case: as it is promised.
        needs: one for each of its datasets.
    """

    use_case: UseCase
    needs: tuple[Need, ...]

    @property
    def waits(self) -> tuple[Need, ...]:
        """What it waits for; empty where it is served."""
        return tuple(need for need in self.needs if not need.served)

    @property
    def behind(self) -> tuple[Need, ...]:
        """What it is served of, though a newer candidate was refused."""
        return tuple(need for need in self.needs if need.state == BEHIND)

    @property
    def state(self) -> str:
        """`served`, or `waits for <dataset> (<why>) …`, in a few words."""
        waits = ", ".join(f"{need.dataset} ({need.state})" for need in self.waits)
        return f"waits for {waits}" if waits else SERVED


def use_cases(*, repository: PathLike | None = None, state: PathLike | None = None) -> list[Supply]:
    """Every use case of the newest release, and whether it is served or waits for a dataset.

    Args:
        repository: directory or http(s) URL; default `ESCLUSA_REPOSITORY`.
        state: directory of state; default `ESCLUSA_STATE`.

    Raises:
        EsclusaError: the release itself is refused; what is wrong with a dataset is in its need.
    """
    return list(supplies(open_release(repository, state=state)))


def supplies(release: Release, today: date | None = None) -> tuple[Supply, ...]:
    """Every use case that a release promises something to, by name.

    Args:
        release: a pinned release.
        today: of the grants, UTC; default today.
    """
    promises = release.promises
    ordered = sorted(promises.use_cases, key=lambda use_case: use_case.use_case)
    return tuple(supply_of(release, promises, use_case, today) for use_case in ordered)


def supply_of(release: Release, promises: Promises, use_case: UseCase, today: date | None = None) -> Supply:
    """What one use case gets.

    Args:
        release, today: as for `supplies`.
        promises: of that release.
        use_case: promised in it, or about to be.
    """
    day = today or datetime.now(UTC).date()
    return Supply(use_case, tuple(_need(release, promises, use_case, name, day) for name in use_case.datasets))


def _need(release: Release, promises: Promises, use_case: UseCase, dataset: str, today: date) -> Need:
    promised = promises.dataset(dataset)
    owner, remedy = promised.owner if promised else "", f"esclusa why {dataset}"
    try:
        why = release.why(dataset)
        state, since, reason = _weighed(why)
        ungranted = _ungranted(release, promised, use_case, dataset, today) if state in (SERVED, BEHIND) else None
    except NotCertified:
        return Need(dataset, "shut", None, "no candidate of it was judged yet", owner, f"esclusa run --only {dataset}")
    except EsclusaError as error:
        return Need(dataset, "broken", None, error.what, error.owner or owner, error.remedy or remedy)
    if state in (SERVED, BEHIND):
        production = release.request(None, None, allow_sandbox=False).production
        if production and why.certificate is not None and why.certificate.environment != "production":
            state, reason = "sandbox", "certified without sign-off; required: certified for production"
            remedy = f"esclusa checklist {dataset}"
        elif ungranted:
            state, (reason, remedy) = "ungranted", ungranted
    named = why.certificate.owner if why.certificate else why.decision.owner if why.decision else owner
    return Need(dataset, state, since, reason, named or owner, remedy)


def _weighed(why: Why) -> tuple[str, datetime | None, str]:
    """State, since when, and why, of a dataset for whoever reads it."""
    certificate, last = why.certificate, why.decision
    if why.status == "broken":
        return "broken", None, why.problem.what if why.problem else "its evidence does not hold"
    if why.status == "expired" and certificate is not None:
        until = certificate.valid_until
        refused = f"; a newer candidate was refused: {_refusal(why)}" if why.candidate_refused else ""
        return "expired", until, f"its certificate ran out on {until:%Y-%m-%d %H:%M} UTC{refused}"
    since = last.at if last else None
    if why.status == "certified":
        return (BEHIND, since, _refusal(why)) if why.candidate_refused else (SERVED, since, "")
    if why.status == "withdrawn":
        return "withdrawn", since, last.message if last and last.message else "its owner took it back"
    return "shut", since, _refusal(why)


def _refusal(why: Why) -> str:
    last = why.decision
    if last is None:
        return "no decision on it is published"
    shown = [f"{f.rule}: observed {f.seen}, required {f.required}" for f in last.findings[:_SHOWN]]
    more = [f"and {len(last.findings) - _SHOWN} more"] if len(last.findings) > _SHOWN else []
    return "; ".join([*shown, *more]) or last.message.partition("\n")[0]


def _ungranted(
    release: Release, promised: PromisedDataset | None, use_case: UseCase, dataset: str, today: date
) -> tuple[str, str] | None:
    """Why the certified policies, which decide every read, let the use case read nothing today, and what comes next."""
    role, purpose = use_case.role, use_case.purpose
    if not role:
        return None
    vouched = release.vouched(dataset)
    if readable_in(vouched, purpose, role, today):
        return None
    certified = read_policies(vouched.policies).grants
    until = max((grant.until for grant in certified if (grant.role, grant.purpose) == (role, purpose)), default="")
    if until >= today.isoformat():
        reason = f"{role} may read no column for {purpose}"
    elif promised is not None and _is_promised(promised, role, purpose, today):
        return f"the contract that grants {role} {purpose} is not certified yet", f"esclusa run --only {dataset}"
    elif until:
        reason = f"the grant of {role} ended with {until}"
    else:
        reason = f"{role} is granted nothing for {purpose}"
    return reason, f"ask {vouched.certificate.owner} for the grant"


def _is_promised(promised: PromisedDataset, role: str, purpose: str, today: date) -> bool:
    return any(
        grant.role == role and purpose in grant.purposes and (grant.expires is None or grant.expires >= today)
        for grant in promised.grants
    )
