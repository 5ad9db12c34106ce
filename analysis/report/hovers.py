"""Values under the pointer: <title> elements in a picture's SVG, which every browser shows without a script."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

MOST_POINTS = 400  # of one picture: more would make the page heavy, and none could be pointed at
USE = re.compile(r"<use ([^>]*)/>")


class Hovers:
    """What is to be shown over the artists of one picture, by ids that `draw` writes into its SVG."""

    def __init__(self, name: str) -> None:
        self.name = re.sub(r"[^a-z0-9]+", "-", name.lower())
        self._points: dict[str, Sequence[str]] = {}
        self._whole: dict[str, str] = {}

    def points(self, artist: Any, texts: Sequence[str]) -> None:
        """A text for each point of a plot, in its order; nothing where there are too many."""
        if texts and len(texts) + sum(map(len, self._points.values())) <= MOST_POINTS:
            self._points[self._named(artist)] = texts

    def whole(self, artist: Any, text: str) -> None:
        """One text for a line."""
        if len(self._whole) < MOST_POINTS:
            self._whole[self._named(artist)] = text

    def _named(self, artist: Any) -> str:
        gid = f"hover-{self.name}-{len(self._points) + len(self._whole)}"
        artist.set_gid(gid)
        return gid

    def into(self, svg: str) -> str:
        """The picture with its titles."""
        parts, rest = [], svg
        known: dict[str, str | Sequence[str]] = {**self._points, **self._whole}
        # in the order in which they stand in the picture, which need not be that of drawing
        for gid in sorted(known, key=lambda gid: svg.find(f'<g id="{gid}">')):
            before, mark, after = rest.partition(f'<g id="{gid}">')
            if not mark:
                continue
            texts = known[gid]
            parts += [before, mark]
            if isinstance(texts, str):
                parts.append(_title(texts))
                rest = after
            else:
                inside, rest = _first_uses(after, len(texts))
                parts.append(_titled(inside, texts))
        return "".join([*parts, rest])


def _titled(text: str, texts: Sequence[str]) -> str:
    left = iter(texts)
    return USE.sub(lambda use: f"<use {use[1]}>{_title(next(left, ''))}</use>", text)


def _first_uses(text: str, count: int) -> tuple[str, str]:
    """`text` up to the end of its first `count` markers, and what follows."""
    place = 0
    for _ in range(count):
        found = USE.search(text, place)
        if found is None:
            break
        place = found.end()
    return text[:place], text[place:]


def _title(text: str) -> str:
    return f"<title>{html.escape(text)}</title>" if text else ""
