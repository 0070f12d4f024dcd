"""Draws what a command showed on a terminal of 80 columns, as FOLDER/NAME.ansi has it, with Rich (Debian: python3-rich), in
docs/pictures/NAME-light.svg and NAME-dark.svg. Run by scripts/pictures."""

import io
import pathlib
import re
import sys

from rich.color import ColorTriplet
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 80

# Nothing is loaded from elsewhere: a page shows the picture in the font that its reader has, and textLength keeps the columns.
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" class="{unique_id}-matrix">
{matrix}
</g>
</svg>
"""


def rgb(colour):
    return tuple(ColorTriplet(*bytes.fromhex(colour)))


def theme(background, text, black, red, green, yellow, blue, magenta, cyan, white, grey):
    normal = [rgb(c) for c in (black, red, green, yellow, blue, magenta, cyan, white)]
    return TerminalTheme(rgb(background), rgb(text), normal, [rgb(grey)] + normal[1:])


THEMES = {
    "light": theme("f6f8fa", "1f2328", "1f2328", "cf222e", "116329", "805500", "0550ae", "8250df", "116970", "59636e", "59636e"),
    "dark": theme("0d1117", "e6edf3", "484f58", "ff7b72", "3fb950", "d29922", "79c0ff", "d2a8ff", "39c5cf", "b1bac4", "8b949e"),
}


def draw(screen, name):
    lines = [part for line in screen.splitlines() for part in fold(Text.from_ansi(line))]
    for scheme, colours in THEMES.items():
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        for line in lines:
            console.print(line, soft_wrap=True)
        svg = console.export_svg(title="", theme=colours, code_format=FORMAT, unique_id="t")
        svg = svg.replace("rgba(255,255,255,0.35)", "#8b949e80")  # seen on a light page, too
        svg = re.sub(r"<text [^>]*>\n</text>| clip-path=\"[^\"]*\"", "", svg).replace("</text>", "</text>\n")
        pathlib.Path(f"docs/pictures/{name}-{scheme}.svg").write_text(svg, encoding="utf-8")


def fold(line):
    """Breaks a line where a terminal does."""
    return line.divide(range(COLUMNS, len(line), COLUMNS)) or [line]


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.ansi")):
    draw(path.read_text(encoding="utf-8"), path.stem)
