"""A column is renamed at its source: owners are told once, with the use cases that it hits, and no value of a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import esclusa
from orchestration.notices.outbox import Outbox
from orchestration.notices.sending import send_due
from orchestration.sample.faults import break_delivery
from tests.journeys.conftest import Journey
from tests.orchestration.receiver import SECRET, Receiver, private, receiving

FILE = "olist_funnel/olist_marketing_qualified_leads_dataset.csv"


@pytest.fixture
def receiver(journey: Journey) -> Iterator[Receiver]:
    """Where `#data-changes` is received as a webhook and `#funnel-data` as Slack receives it."""
    with receiving() as made:
        keys = journey.settings.keys
        private(keys / "changes.secret", SECRET)
        private(
            journey.settings.channels,
            "channels:\n"
            f"  '#data-changes': {{kind: webhook, url: '{made.url}', secretFile: changes.secret}}\n"
            f"  '#funnel-data': {{kind: slack, url: '{made.url}'}}\n",
        )
        yield made


def test_a_renamed_column_reaches_its_owner_and_the_use_cases_that_it_hits(
    journey: Journey, receiver: Receiver
) -> None:
    settings = journey.settings
    assert settings.data is not None
    with (settings.data / FILE).open(newline="") as file:
        header, *rows = csv.reader(file)
    break_delivery(settings.data, "renamed")
    for _ in range(2):
        assert not journey.run("raw/olist__leads").success
        send_due(settings, now=datetime.now(UTC))
    webhooks = [got for got in receiver.got if "webhook-signature" in got.headers]
    (webhook,) = webhooks
    (slack,) = [got for got in receiver.got if got not in webhooks]
    told = webhook.verified()
    assert told["type"] == "esclusa.upstream_breaking"
    assert told["data"]["subject"] == "olist.leads"
    assert told["data"]["datasets"] == ["qualified_leads"]
    assert told["data"]["useCases"] == ["Channel review (partner.sales)"]
    assert f"column `{header[0]}` is missing" in told["data"]["observed"]
    assert "Channel review (partner.sales)" in slack.body.decode()
    values = {value for row in rows[:2000] for value in row if len(value) > 9}
    for got in receiver.got:
        assert not [value for value in values if value in got.body.decode()], "no value of a row leaves"
    assert Outbox(settings.notices).pending() == Outbox(settings.notices).dead() == ()

    (use,) = [s for s in esclusa.use_cases(repository=settings.golden) if s.use_case.use_case == "channel_review"]
    assert use.state == "served"
    assert [need.dataset for need in use.behind] == ["qualified_leads"]
