"""The file of receiving ends is linted by name of channel, and neither address nor secret is ever shown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from expectations.loader import ContractError
from orchestration.notices.channels import load_channels
from orchestration.notices.notice import Kind, channels_for
from orchestration.settings import ROOT, Settings, read_settings
from tests.orchestration.receiver import SECRET, private

HIDDEN = "hidden-from-all"
URL = f"https://example.org/{HIDDEN}"


def settings(directory: Path, written: str, mode: int = 0o600) -> Settings:
    """Settings with this file of channels, beside a secret."""
    private(directory / "channels.yaml", written)
    private(directory / "a.secret", SECRET)
    private(directory / "a.url", URL)
    (directory / "channels.yaml").chmod(mode)
    return replace(read_settings(), home=directory, channels_file=directory / "channels.yaml")


def test_a_platform_without_the_file_has_no_channels(tmp_path: Path) -> None:
    assert load_channels(replace(read_settings({}), home=tmp_path)) == {}


def test_addresses_and_secrets_come_from_the_file_from_files_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_CHANNEL_A", URL)
    monkeypatch.setenv("ESCLUSA_CHANNEL_A_SECRET", SECRET)
    found = load_channels(
        settings(
            tmp_path,
            "channels:\n"
            f"  '#a': {{kind: webhook, url: '{URL}', secretFile: a.secret}}\n"
            "  '#b': {kind: webhook, urlEnv: ESCLUSA_CHANNEL_A, secretEnv: ESCLUSA_CHANNEL_A_SECRET}\n"
            "  '#c': {kind: slack, urlFile: a.url}\n"
            "  '#d': {kind: webhook, url: 'http://127.0.0.1:9/x', secretFile: a.secret}\n"
            "  '#e': {kind: webhook, url: 'http://[::1]:9/x', secretFile: a.secret}\n",
        )
    )
    assert {name: channel.kind for name, channel in found.items()} == {
        "#a": "webhook", "#b": "webhook", "#c": "slack", "#d": "webhook", "#e": "webhook",
    }  # fmt: skip
    assert {found[name].url for name in ("#a", "#b", "#c")} == {URL}
    assert {found[name].secret for name in ("#a", "#b")} == {SECRET}
    shown = repr(found)
    assert HIDDEN not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("kind: webhok, url: 'U', secretFile: a.secret", "required: one of webhook, slack (did you mean webhook?)"),
        ("kind: webhook, url: 'U', secretFle: a.secret", "unknown key (did you mean secretFile?)"),
        ("kind: webhook, url: 'U', secret: 'S'", "channels.#a.secret: unknown key"),
        ("kind: webhook, secretFile: a.secret", "needs exactly one of url, urlFile, urlEnv; has none"),
        ("kind: webhook, url: 'U', urlFile: a.url, secretFile: a.secret", "has url, urlFile"),
        ("kind: webhook, url: 'U'", "needs exactly one of secretFile, secretEnv; has none"),
        ("kind: slack, url: 'U', secretFile: a.secret", "Slack takes no secret: its address is one"),
        ("kind: webhook, url: 'http://example.org/U', secretFile: a.secret", "is not encrypted; required: https, "),
        ("kind: webhook, url: 'http:%169.254.169.254/', secretFile: a.secret", "is not encrypted; required: https, "),
        ("kind: webhook, url: 'http:%localhost.example.org/', secretFile: a.secret", "is not encrypted; "),
        ("kind: webhook, url: 'https://ada:U@example.org/', secretFile: a.secret", "holds a user, a password or "),
        ("kind: webhook, url: 'file:///etc/passwd', secretFile: a.secret", "is no https address"),
        ("kind: webhook, url: 'https://example.org:99999/', secretFile: a.secret", "is no address"),
        ("kind: webhook, url: 'U', secretFile: b.secret", "there is no file b.secret"),
        ("kind: webhook, url: 'U', secretEnv: ESCLUSA_CHANNEL_B", "variable ESCLUSA_CHANNEL_B is not set"),
        ("kind: webhook, url: 'U', secretEnv: HOME", "variable HOME is not one of ESCLUSA_CHANNEL_<NAME>"),
        ("kind: webhook, url: 'U', secretFile: a.url", "leads to no secret; required: whsec_ and 24 to 64 bytes"),
    ],
)
def test_what_is_wrong_names_the_channel_and_shows_nothing_secret(tmp_path: Path, said: str, told: str) -> None:
    said = said.replace("http:%", "http://").replace("'U'", f"'{URL}'").replace("'S'", f"'{SECRET}'")
    with pytest.raises(ContractError) as error:
        load_channels(settings(tmp_path, f"channels:\n  '#a': {{{said}}}\n"))
    assert told in str(error.value)
    assert "channels.#a" in str(error.value)
    assert HIDDEN not in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("who", ["channels.yaml", "a.secret", "a.url"])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, who: str) -> None:
    said = {
        "channels.yaml": f"{{kind: slack, url: '{URL}'}}",
        "a.secret": f"{{kind: webhook, url: '{URL}', secretFile: a.secret}}",
        "a.url": "{kind: slack, urlFile: a.url}",
    }[who]
    made = settings(tmp_path, f"channels:\n  '#a': {said}\n")
    load_channels(made)
    (tmp_path / who).chmod(0o640)
    with pytest.raises(ContractError, match=f"others can read {who}; required: mode 0600; next: chmod 600 {who}"):
        load_channels(made)


SUPPORT = (
    {"channel": "#orders", "scope": "issues"},
    {"channel": "#changes", "scope": "announcements"},
    {"channel": "#talk", "scope": "interactive"},
)


def test_what_is_to_be_mended_goes_to_issues_and_what_readers_must_know_is_announced_too() -> None:
    for kind in Kind:
        announced = kind in {Kind.RECALLED, Kind.UPSTREAM_BREAKING}
        assert channels_for(kind, SUPPORT) == (("#orders", "#changes") if announced else ("#orders",)), kind


def test_the_page_lists_every_kind_and_whether_it_is_announced() -> None:
    page = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| .* \| ?(yes)? ?\|$", page, re.M))
    announced = {kind: "yes" if "#changes" in channels_for(kind, SUPPORT) else "" for kind in Kind}
    assert listed == {str(kind): said for kind, said in announced.items() if kind is not Kind.TEST}


def test_a_contract_without_scopes_is_told_on_all_its_channels() -> None:
    assert channels_for(Kind.EXPIRED, [{"channel": "#a"}, {"channel": "#b", "scope": "interactive"}]) == ("#a", "#b")
