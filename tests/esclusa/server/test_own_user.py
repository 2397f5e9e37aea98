"""`esclusa serve` on one's own machine: the first read just works; nobody else is let in, and nothing stays behind."""

from __future__ import annotations

import signal
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

import esclusa
from esclusa.location import locate
from esclusa.server import own_user
from esclusa.server.own_user import let_in
from esclusa.server.serve import Listening, announce, serve_until_told
from esclusa.settings import own_token
from tests.esclusa.roles import AS_CLERK, entries
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.live import listening


def test_the_user_who_serves_reads_by_the_url_alone_as_long_as_the_service_runs(served: Served) -> None:
    state = served.service.settings.state
    with listening(served.service) as url:
        path = own_token(served.service.settings, locate(url))
        with let_in(served.service, url) as is_let_in:
            assert is_let_in
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert esclusa.read("sales", **AS_CLERK, repository=url, state=state).num_rows == 40
            assert entries(served.golden, "read")[0].body["user"].startswith("token:local:")
            text = path.read_text()
        assert not path.exists()
        with pytest.raises(esclusa.NotIdentified):
            served.service.callers.identify(f"Bearer {text}")
    assert [entry.body["event"] for entry in entries(served.golden, "token")] == ["made", "revoked"]
    assert text not in str(entries(served.golden, "token"))


def test_what_a_killed_service_left_is_taken_back_by_the_next(served: Served) -> None:
    url = "http://127.0.0.1:8000"
    leaving = let_in(served.service, url)
    leaving.__enter__()
    left = own_token(served.service.settings, locate(url)).read_text()
    with let_in(served.service, url), pytest.raises(esclusa.NotIdentified, match="revoked"):
        served.service.callers.identify(f"Bearer {left}")


def test_a_second_service_on_the_port_is_refused_and_takes_nothing_from_the_first(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(served.service.settings.state))
    endings = {told: signal.getsignal(told) for told in (signal.SIGTERM, signal.SIGINT)}
    with listening(served.service) as url, let_in(served.service, url):
        port = int(url.rpartition(":")[2])
        with pytest.raises(esclusa.Misused, match=f"127.0.0.1:{port} cannot be listened on") as refusal:
            serve_until_told(Listening("127.0.0.1", port), str(served.golden.path))
        for told, ending in endings.items():
            signal.signal(told, ending)
        assert f"--port {port + 1}" in refusal.value.remedy
        text = own_token(served.service.settings, locate(url)).read_text()
        assert served.service.callers.identify(f"Bearer {text}").name.startswith("token:local:")


@pytest.mark.parametrize("fails", ["trust", "_leave"])
def test_a_token_is_taken_back_at_once_where_the_user_cannot_be_let_in(
    served: Served, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(own_user, fails, refused)
    with let_in(served.service, "http://127.0.0.1:8000") as is_let_in:
        assert not is_let_in
        assert [token.state(datetime.now(UTC)) for token in served.service.callers.tokens.all()] == ["revoked"]
    assert not own_token(served.service.settings, locate("http://127.0.0.1:8000")).exists()


def test_a_token_that_cannot_be_kept_is_no_reason_not_to_serve(served: Served) -> None:
    served.service.callers.tokens.path.mkdir()
    with let_in(served.service, "http://127.0.0.1:8000") as is_let_in:
        assert not is_let_in


@pytest.mark.parametrize(
    ("host", "tls", "loopback"),
    [
        *(("127.0.0.1", False, True), ("localhost", False, True), ("::1", False, True), ("0.0.0.0", False, False)),
        *(("data.example.org", True, False), ("10.1.2.3", False, False)),
    ],
)
def test_it_warns_where_tokens_could_be_read_on_their_way(
    served: Served, capsys: pytest.CaptureFixture[str], host: str, tls: bool, loopback: bool
) -> None:
    where = Listening(host, 8000, Path("chain.pem") if tls else None, Path("key.pem") if tls else None)
    assert where.is_loopback is loopback
    announce(Console(), served.service, where, loopback)
    said = capsys.readouterr().out
    assert ("Warning" in said) is not (tls or loopback)
    assert ("export ESCLUSA_REPOSITORY=" in said) is loopback
    assert "esclusa_" not in said
