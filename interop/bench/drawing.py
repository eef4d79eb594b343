"""How the plots look, whoever draws them: colours and marks of the brokers, and SVG that is always the same bytes.

Words stay text, which keeps a file at 20 to 60 KB; a style sheet in it exchanges the colours for readers in the dark.
"""

import io
import re
from pathlib import Path
from typing import Any

_INK, _PAPER, _RULE = "#1f2328", "#ffffff", "#d1d9e0"
_IN_THE_DARK = {_INK: "#e6edf3", _PAPER: "#0d1117", _RULE: "#3d444d"}
# Of medium brightness: they are seen on either paper.
_KNOWN = {
    "leveret": ("#1a7bea", "o"),
    "leveret-compiled": ("#a04be0", "D"),
    "rabbitmq": ("#e0651a", "s"),
    "lavinmq": ("#2a9d4a", "^"),
}
_OTHERS = (("#8b949e", "v"), ("#b8860b", "P"), ("#c2417c", "X"))
# matplotlib brings this one, so the layout does not depend on a machine's fonts; readers have one of those, as wide.
_FONT, _READERS_FONTS = "DejaVu Sans", "'DejaVu Sans', Verdana, sans-serif"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "leveret",
    "font.family": _FONT,
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.facecolor": _PAPER,
    "figure.facecolor": _PAPER,
    "grid.color": _RULE,
    "grid.linewidth": 0.8,
}

HOW_TO_INSTALL = "pip install matplotlib (the extra `bench` of pyproject.toml)"


class NotInstalled(Exception):
    """There is no matplotlib; the text says how to get it."""


def settings() -> Any:
    """A context in which figures are made and saved. Raises NotInstalled."""
    try:
        # Imported here, as it takes a second, and tables do without.
        import matplotlib as mpl
    except ImportError as error:
        raise NotInstalled(f"no plots without matplotlib: {HOW_TO_INSTALL}") from error
    return mpl.rc_context(_SETTINGS)


def figure(width: float, height: float) -> Any:
    """A figure of so many inches, which lays itself out; within ``settings()``."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(drawn: Any, file: Path) -> None:
    """As SVG; within ``settings()``."""
    written = io.StringIO()
    drawn.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    file.write_text(_for_readers(written.getvalue()), encoding="utf-8")


def _for_readers(svg: str) -> str:
    rules = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in _IN_THE_DARK.items()
        for what in ("fill", "stroke")
    )
    before, end, after = svg.partition("</style>")
    if not end:
        raise ValueError("the SVG has no style sheet to add to")
    after = re.sub("<!--.*?-->\n *", "", after).replace(f"'{_FONT}'", _READERS_FONTS)
    # A hundredth of a point is enough.
    after = re.sub(r"(\d\.\d\d)\d+", r"\1", after)
    lines = f"{before}@media(prefers-color-scheme:dark){{{rules}}}{end}{after}".splitlines()
    return "\n".join(line.strip() for line in lines) + "\n"


def style(broker: str, brokers: list[str]) -> dict[str, Any]:
    """The arguments of plot() for a broker's marks. Those that only write what they confirm have hollow ones."""
    name = broker.removesuffix("-os")
    others = [each for each in brokers if each not in _KNOWN and not each.endswith("-os")]
    colour, mark = _KNOWN.get(name) or _OTHERS[others.index(name) % len(_OTHERS)]
    filling = _PAPER if name != broker else colour
    return {"color": colour, "marker": mark, "markerfacecolor": filling, "markersize": 5.5, "markeredgewidth": 1.2}
