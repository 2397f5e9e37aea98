"""Every fact that an owner must act on arrives once while it stands, and nothing fails because of being told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

import esclusa
from expectations.contract import SourceContract
from expectations.landing import DeliveryRefused
from expectations.signing.lapse import Lapse
from expectations.verdict import WITHHELD, Finding, GateItem, State
from orchestration import delivery
from orchestration.golden import withdraw
from orchestration.jobs import signing as jobs_signing
from orchestration.jobs.schedules import expiry_schedule
from orchestration.manifest import Manifest, SourceTable
from orchestration.notices.facts import look_at_certificates
from orchestration.notices.outbox import Outbox
from orchestration.notices.sending import send_due
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.recall import revoke
from orchestration.refusals import refuse
from tests.orchestration.receiver import Receiver, listen, receiving
from tests.orchestration.shop import shop_source
from tests.orchestration.small import decided, document

LATE = Finding("orders__late", GateItem.QUALITY, State.FAIL, 7, "0 rows", "No order is late.", "ada", unit="rows")
EXPOSURE = {
    "name": "call_list",
    "label": "Call list",
    "type": "application",
    "owner": {"name": "sales.lead"},
    "depends_on": {"nodes": ["model.small.orders"]},
    "config": {"meta": {"purpose": "testing", "role": "tester"}},
    "original_file_path": "models/exposures.yml",
}


@pytest.fixture
def told(small: Platform) -> Iterator[tuple[Platform, Receiver]]:
    """A platform with a use of its orders, whose channel `#test` has a receiving end."""
    manifest = Manifest({**document(), "exposures": {"exposure.small.call_list": EXPOSURE}})
    with receiving() as receiver:
        platform = replace(small, manifest=manifest)
        publish(platform, "parcels")  # makes keys and golden repository
        listen(platform, receiver.url)
        catalogue = replace(platform.settings, catalogue_url="https://data.example.org/catalogue")
        yield replace(platform, settings=catalogue), receiver


def publish(platform: Platform, dataset: str, **said: Any) -> None:
    """Decide and publish."""
    decided(platform, dataset, **said)
    publish_release(platform, dataset, now=datetime.now(UTC), run="run-1", progress=lambda _: None)


def arrived(platform: Platform, receiver: Receiver) -> list[str]:
    """Kinds of all that arrived so far, each verified."""
    send_due(platform.settings, now=datetime.now(UTC) + timedelta(days=2))
    return receiver.kinds()


def test_a_shut_gate_is_told_once_while_it_stands_though_its_numbers_move(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    for seen in (7, 8, 9):
        publish(platform, "orders", shut_by=[replace(LATE, observed=seen)])
    assert arrived(platform, receiver) == ["gate_shut"]
    data = receiver.got[0].verified()["data"]
    assert data["what"] == "The newest candidate of orders was refused at the gate; nothing is served."
    assert (data["observed"], data["required"]) == ("orders__late: 7 rows", "orders__late: 0 rows")
    assert (data["owner"], data["datasets"], data["useCases"]) == ("ada", ["orders"], ["Call list (sales.lead)"])
    assert data["next"].startswith("esclusa why orders; then ")
    assert data["link"] == "https://data.example.org/catalogue/datasets/orders.html"


def test_what_shuts_the_gate_besides_is_told_and_so_is_what_comes_back_after_it_was_mended(
    told: tuple[Platform, Receiver],
) -> None:
    platform, receiver = told
    publish(platform, "orders", shut_by=[LATE])
    publish(platform, "orders", shut_by=[LATE, replace(LATE, rule="orders__early")])
    assert arrived(platform, receiver) == ["gate_shut"] * 2
    publish(platform, "orders")
    publish(platform, "orders", shut_by=[LATE])
    assert arrived(platform, receiver) == ["gate_shut"] * 3
    assert "consumers go on reading the certified release" in receiver.got[2].verified()["data"]["what"]


def test_a_text_that_a_rule_found_among_rows_is_not_told_and_what_a_signature_lacks_is(
    told: tuple[Platform, Receiver],
) -> None:
    platform, receiver = told
    longest = replace(LATE, rule="orders__longest", observed="ann@example.org", unit="")
    kind = replace(LATE, rule="id__type", observed="double", unit="")
    unsigned = replace(LATE, rule="orders__signoff_owner", observed="nobody has signed", item=GateItem.SIGNOFF, unit="")
    publish(platform, "orders", shut_by=[longest, kind, unsigned])
    assert arrived(platform, receiver) == ["gate_shut"]
    observed = receiver.got[0].verified()["data"]["observed"]
    assert observed == f"orders__longest: {WITHHELD}; id__type: double; orders__signoff_owner: nobody has signed"
    assert b"ann@example.org" not in receiver.got[0].body


def test_a_fault_that_comes_back_is_told_although_the_publication_in_between_was_killed(
    told: tuple[Platform, Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, receiver = told
    publish(platform, "orders", shut_by=[LATE])
    with monkeypatch.context() as killed:
        killed.setattr("orchestration.publish.settle", die)
        with pytest.raises(KeyboardInterrupt):
            publish(platform, "orders")
    publish_release(platform, "orders", now=datetime.now(UTC), run="run-2", progress=lambda _: None)
    publish(platform, "orders", shut_by=[LATE])
    assert arrived(platform, receiver) == ["gate_shut"] * 2


def die(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_candidate_that_cannot_be_built_is_told(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    for _ in range(2):
        message = "orders: dbt built no candidate: model stg_shop (error); owner: ada"
        refuse(platform, ["orders"], stage="build", message=message, remedy="mend it", now=datetime.now(UTC))
    assert arrived(platform, receiver) == ["gate_shut"]
    assert "model stg_shop (error)" in receiver.got[0].verified()["data"]["observed"]


def test_a_certificate_is_told_of_when_a_quarter_of_its_time_is_left_and_once(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    publish(platform, "orders", valid_for=timedelta(hours=8))
    until = certificate_of(platform).valid_until
    look_at_certificates(platform, until - timedelta(hours=2, minutes=1))
    assert arrived(platform, receiver) == []
    for minutes in (119, 60, 1):
        look_at_certificates(platform, until - timedelta(minutes=minutes))
    assert arrived(platform, receiver) == ["expiring"]
    assert f"expires on {until:%Y-%m-%d %H:%M} UTC" in receiver.got[0].verified()["data"]["what"]
    publish(platform, "orders", rows=3, valid_for=timedelta(hours=8))
    look_at_certificates(platform, certificate_of(platform).valid_until - timedelta(minutes=1))
    assert arrived(platform, receiver) == ["expiring"] * 2, "a new certificate, a new fact"


def certificate_of(platform: Platform) -> esclusa.Certificate:
    found = esclusa.why("orders", repository=platform.settings.golden).certificate
    assert found is not None
    return found


def test_the_hourly_watch_tells_of_an_expired_certificate_once(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    publish(platform, "orders", valid_for=timedelta(seconds=6))
    job = expiry_schedule(platform).job
    assert isinstance(job, dg.JobDefinition)
    time.sleep(max(0.0, (certificate_of(platform).valid_until - datetime.now(UTC)).total_seconds()) + 0.1)
    for _ in range(2):
        assert not job.execute_in_process(raise_on_error=False).success
    assert arrived(platform, receiver) == ["expired"]
    assert "every read of it is refused" in receiver.got[0].verified()["data"]["what"]


def test_a_recall_is_told_with_its_reason_and_what_is_served_instead(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    publish(platform, "orders")
    publish(platform, "orders", rows=3)
    revoke(platform, "orders", reason="amounts are in the wrong currency", requester="ada", rollback=True)
    assert arrived(platform, receiver) == ["recalled"]
    data = receiver.got[0].verified()["data"]
    assert data["observed"] == "amounts are in the wrong currency"
    assert data["required"] == "a certificate that stands; an earlier release is served again"
    assert data["useCases"] == ["Call list (sales.lead)"]


def test_a_withdrawal_is_told(told: tuple[Platform, Receiver]) -> None:
    platform, receiver = told
    publish(platform, "orders")
    withdraw(platform, "orders", "rows in it had to be erased", datetime.now(UTC))
    assert arrived(platform, receiver) == ["recalled"]


SIGNED = Lapse(
    "orders", "sign-off as owner", "owner: the sign-off of ada ends on 2026-12-02, in 5 days", date(2026, 12, 2), "ada",
    "must sign", "esclusa sign orders --role owner", has_ended=False,
)  # fmt: skip


def test_a_signature_is_told_of_once_before_and_once_after_its_end(
    told: tuple[Platform, Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, receiver = told
    days = [replace(SIGNED, what=f"owner: the sign-off of ada ends on 2026-12-02, in {n} days") for n in (5, 4, 3)]
    ended = replace(SIGNED, what="owner: the sign-off of ada ended on 2026-12-02", has_ended=True)
    for found in (*days, ended, ended):
        monkeypatch.setattr(jobs_signing, "lapsing", lambda *_, found=found: [found])
        job = jobs_signing.signing_schedule(platform).job
        assert isinstance(job, dg.JobDefinition)
        job.execute_in_process(raise_on_error=False)
    assert arrived(platform, receiver) == ["signoff_lapsing", "signoff_lapsed"]
    data = receiver.got[0].verified()["data"]
    assert (data["owner"], data["next"]) == ("ada", "esclusa sign orders --role owner")


def refused(source: SourceContract, rows: int) -> DeliveryRefused:
    seen = f"{rows} of 100 rows break a row rule: amount__type"
    return DeliveryRefused(source.system, "sales", "sales.csv", seen, "at most 1 %", source.owner, "ask them", ("id",))


def test_a_delivery_that_breaks_its_contract_is_told_once_for_all_that_it_feeds_and_again_after_a_good_one(
    told: tuple[Platform, Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, receiver = told
    source = replace(shop_source(), support=({"channel": "#test"},))
    platform = replace(platform, promises=replace(platform.promises, sources={"shop": source}))
    monkeypatch.setattr(delivery, "concerned", lambda *_: ("orders", "refunds"))
    monkeypatch.setattr(delivery, "prepare_sample", lambda *_: None)

    def deliver(problem: DeliveryRefused | None) -> None:
        def land(*_: Any, **__: Any) -> None:
            if problem:
                raise problem

        monkeypatch.setattr(delivery, "land", land)
        delivery.deliver(platform, SourceTable("shop", "sales"), now=datetime.now(UTC), progress=lambda _: None)

    for rows in (7, 8):
        with pytest.raises(DeliveryRefused):
            deliver(refused(source, rows))
    assert arrived(platform, receiver) == ["upstream_breaking"], "once, and no second notice for each shut gate"
    data = receiver.got[0].verified()["data"]
    assert (data["subject"], data["datasets"]) == ("shop.sales", ["orders", "refunds"])
    assert data["useCases"] == ["Call list (sales.lead)"]
    assert data["owner"] == "shop.owner"
    assert data["link"] == "https://data.example.org/catalogue/"
    deliver(None)
    with pytest.raises(DeliveryRefused):
        deliver(refused(source, 9))
    assert arrived(platform, receiver) == ["upstream_breaking"] * 2


def test_a_channel_without_a_receiving_end_gets_no_letter_and_is_told_when_it_has_one(small: Platform) -> None:
    publish(small, "orders", shut_by=[LATE])
    assert Outbox(small.settings.notices).pending() == ()
    assert not small.settings.notices.exists()
    with receiving() as receiver:
        listen(small, receiver.url)
        publish(small, "orders", shut_by=[replace(LATE, observed=8)])
        assert arrived(small, receiver) == ["gate_shut"]


@pytest.mark.parametrize("fault", ["outbox", "channels"])
def test_whatever_is_wrong_with_the_outbox_the_refusal_stands(small: Platform, fault: str) -> None:
    publish(small, "parcels")
    listen(small, "https://example.org/hooks")
    if fault == "outbox":
        small.settings.notices.write_text("a file where the directory should be")
    else:
        small.settings.channels.write_text("channels: [")
    publish(small, "orders", shut_by=[LATE])
    why = esclusa.why("orders", repository=small.settings.golden)
    assert why.candidate_refused
    assert [entry.kind for entry in small.ledger.entries(dataset="orders")] == ["refusal"]


def test_a_process_that_dies_before_it_remembers_tells_again_rather_than_never(
    told: tuple[Platform, Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, receiver = told
    put = Outbox._replace
    monkeypatch.setattr(
        Outbox,
        "_replace",
        lambda self, path, said: None if path.parent.parent.name == "told" else put(self, path, said),
    )
    publish(platform, "orders", shut_by=[LATE])
    monkeypatch.undo()
    monkeypatch.setenv("ESCLUSA_STATE", str(platform.settings.home.parent / "state"))
    publish(platform, "orders", shut_by=[replace(LATE, observed=8)])
    assert arrived(platform, receiver) == ["gate_shut"] * 2
