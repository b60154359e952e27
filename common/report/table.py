# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A table of printed cells, as Markdown, as HTML, or aligned for a terminal."""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from common.cli import UserError, did_you_mean


@dataclass(frozen=True)
class Table:
    """Cells as they are printed. The first `left` columns are words, the others numbers."""

    keys: list[str]
    """What each column is called in every language."""
    head: list[str]
    """The headings in one language."""
    rows: list[list[str]]
    left: int = 1

    def select(self, keys: Sequence[str]) -> "Table":
        """The same table with these columns only, in this order.

        Raises:
            UserError: no column of that key.
        """
        for key in keys:
            if key not in self.keys:
                known = f"there are {', '.join(self.keys)}"
                raise UserError(f"`{key}`{did_you_mean(key, self.keys)} is no column of this table; {known}")
        places = [self.keys.index(key) for key in keys]
        rows = [[row[place] for place in places] for row in self.rows]
        left = sum(place < self.left for place in places)
        return Table(list(keys), [self.head[place] for place in places], rows, left)

    def markdown(self) -> str:
        marks = ["---" if column < self.left else "---:" for column in range(len(self.head))]
        lines = [self.head, marks, *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

    def text(self) -> str:
        """Aligned with spaces; headings wider than their column take several lines."""
        widths = [max(6, *(len(row[column]) for row in self.rows)) for column in range(len(self.head))]
        wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(self.head, widths, strict=True)]
        depth = max(map(len, wrapped))
        heads = [list(line) for line in zip(*([""] * (depth - len(cell)) + cell for cell in wrapped), strict=True)]
        widths = [max(width, *map(len, cell)) for width, cell in zip(widths, wrapped, strict=True)]
        lines = [self._aligned(line, widths) for line in [*heads, *self.rows]]
        lines.insert(depth, "-" * max(map(len, lines)))
        return "\n".join(lines)

    def _aligned(self, line: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.ljust(width) if column < self.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    def html(self) -> str:
        head, body = self._html_row(self.head, "th"), "\n".join(self._html_row(row, "td") for row in self.rows)
        return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"

    def _html_row(self, cells: Sequence[str], tag: str) -> str:
        kinds = ["word" if column < self.left else "number" for column in range(len(cells))]
        inside = (f'<{tag} class="{kind}">{html.escape(cell)}</{tag}>' for cell, kind in zip(cells, kinds, strict=True))
        return f"<tr>{''.join(inside)}</tr>"
