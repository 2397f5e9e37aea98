"""How a notice reads at the other end: the JSON of a webhook, the blocks of Slack.

Belongs here: both bodies, bounded in size and escaped. Does not: signing and sending (`sending.py`).
Source: Standard Webhooks 1.0 (`type`, `timestamp`, `data`); Slack Block Kit, limits of header, section and fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from orchestration.notices.channels import SLACK, Channel
from orchestration.notices.notice import Notice

_HEADER, _FIELD, _SECTION = 150, 1_900, 2_900  # letters; Slack refuses a message with a longer one
_MARKS = {"gate_shut": "⛔", "expired": "⛔", "recalled": "⛔", "signoff_lapsed": "⛔", "test": "✅"}


def body_for(channel: Channel, notice: Notice) -> bytes:
    """The body of the request that tells a notice on a channel.

    Args:
        channel: its kind decides.
        notice: what is told.
    """
    document = _slack(notice) if channel.kind == SLACK else _webhook(notice)
    return json.dumps(document, ensure_ascii=False).encode()


def _webhook(notice: Notice) -> dict[str, Any]:
    return {
        "type": f"esclusa.{notice.kind}",
        "timestamp": notice.at.isoformat(),
        "data": {
            "subject": notice.subject,
            "datasets": list(notice.datasets),
            "useCases": list(notice.use_cases),
            "what": notice.what,
            "observed": notice.observed,
            "required": notice.required,
            "owner": notice.owner,
            "next": notice.remedy,
            "environment": notice.environment,
            "link": notice.link,
        },
    }


def _slack(notice: Notice) -> dict[str, Any]:
    heading = f"{_MARKS.get(str(notice.kind), '⚠️')} {notice.title}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(heading, _HEADER)}},
        {"type": "section", "text": _marked(_escaped(notice.what), _SECTION)},
    ]
    # A section has at most ten fields; these are at most five.
    if fields := [_marked(f"*{label}*\n{_escaped(text)}", _FIELD) for label, text in _facts(notice)]:
        blocks.append({"type": "section", "fields": fields})
    if notice.remedy:
        blocks.append({"type": "section", "text": _marked(f"*next*\n{_escaped(notice.remedy)}", _SECTION)})
    where = f"{notice.environment} · {notice.at:%Y-%m-%d %H:%M} UTC"
    if notice.link:
        where += f" · <{_escaped(notice.link)}|catalogue page>"
    blocks.append({"type": "context", "elements": [_marked(where, _SECTION)]})
    return {"text": _cut(_escaped(f"{heading}. {notice.what}"), _SECTION), "blocks": blocks}


def _facts(notice: Notice) -> Iterator[tuple[str, str]]:
    """What is known, by label."""
    others = [name for name in notice.datasets if name != notice.subject]
    pairs = (
        ("observed", notice.observed),
        ("required", notice.required),
        ("owner", notice.owner),
        ("datasets", ", ".join(others)),
        ("use cases that need it", ", ".join(notice.use_cases)),
    )
    return ((label, text) for label, text in pairs if text)


def _marked(text: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": _cut(text, most)}


def _escaped(text: str) -> str:
    """Slack takes `<…>` for links and mentions: nothing in a notice may become `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
