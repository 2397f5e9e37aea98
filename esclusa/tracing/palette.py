"""Colours and rules of a picture of lineage, in light and dark.

Belongs here: how kinds, lines and letters look. Does not: what is drawn (`picture.py`), colours of a page: every colour
is a custom property `--lineage-…`, and one that a page does not set is ours. No kind has the colour of a state.
"""

from __future__ import annotations

NAME, SMALL = 12.5, 11.0  # font sizes in px
ADVANCE = 0.62  # of a letter, in em: no common monospaced font is wider, and the small words are set narrower

_COLOURS = {  # name → light, dark
    "ink": ("#16202c", "#e8eef4"),
    "muted": ("#546273", "#9fb0c0"),
    "paper": ("#ffffff", "#141a21"),
    "line": ("#8592a1", "#74849a"),
    "edge": ("#c3ccd6", "#3a4756"),
    "source": ("#ededea", "#262a2d"),
    "dataset": ("#e1edf4", "#14303f"),
    "use": ("#f0ebf5", "#2a2438"),
    "accent": ("#0f5f86", "#62b6dc"),
}
_SANS = "system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif"
_MONO = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
_RULES = {
    "text": f"fill:var(--ink);font:{NAME}px {_MONO}",
    ".small": f"fill:var(--muted);font:{SMALL}px {_SANS}",
    ".box": "fill:var(--paper);stroke:var(--edge)",
    ".source": "fill:var(--source)",
    ".dataset": "fill:var(--dataset)",
    ".use": "fill:var(--use)",
    ".asked": "stroke:var(--accent);stroke-width:2",
    ".mark": "fill:var(--accent);opacity:.16",
    ".way": "fill:none;stroke:var(--line);stroke-width:1.4",
    ".computed": "stroke-dasharray:7 3",
    ".deciding": "stroke-dasharray:1.5 4;stroke-linecap:round",
    ".refers": "stroke-dasharray:1.5 4;stroke-linecap:round",
    ".tip": "fill:var(--line)",
    ".standing": "color:var(--tone,var(--muted))",
    ".icon": "fill:none;stroke:currentColor;stroke-width:1.7",
    ".standing text": "fill:currentColor;font-weight:600",
    "[hidden]": "display:none",
    "a .name": "text-decoration:underline",
    "a:hover .box": "stroke:var(--accent);stroke-width:2",
    "a:focus-visible .box": "stroke:var(--accent);stroke-width:3",
}


def _palette(column: int) -> str:
    return "".join(f"--{name}:var(--lineage-{name},{colours[column]});" for name, colours in _COLOURS.items())


STYLE = (
    f".esclusa-lineage{{{_palette(0)}}}"
    f"@media (prefers-color-scheme:dark){{.esclusa-lineage{{{_palette(1)}}}}}"
    + "".join(f".esclusa-lineage {selector}{{{rule}}}" for selector, rule in _RULES.items())
)
