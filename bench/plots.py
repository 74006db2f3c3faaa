# SPDX-License-Identifier: BSD-2-Clause
"""Plots of the two tables, SVG and PNG, drawn by gnuplot: bars are medians, whiskers smallest and largest."""

import os
import statistics
import subprocess

import results

TERMINALS = {"svg": "svg size {w},{h} font 'DejaVu Sans,13' background 'white'",
             "png": "pngcairo size {w},{h} font 'DejaVu Sans,11'"}
# A hue for each system, a shade for each place.
COLOURS = (("#c9c9c9", "#8f8f8f", "#5c5c5c"), ("#b3cbe8", "#5b8fcb", "#1f4e8c"),
           ("#f3cfaa", "#dd8a3c", "#9c5410"), ("#bfe0c4", "#5fae6d", "#27693a"))

SCRIPT = """
set terminal {terminal}
set output '{output}'
set title "{title}"
set ylabel "{label}"
set yrange [0:*]
set style data histogram
set style histogram errorbars gap 1.5 linewidth 1
set style fill solid 0.85 border -1
set boxwidth 0.95
set key outside top center horizontal
set grid ytics
set xtics nomirror
set bmargin 5
set xrange [-0.8:*]
plot {plots}
"""


def bars(all_results, kind):
    """([(name, colour) of each bar], [(label, [(median, smallest, largest)...])...]) in absolute values."""
    columns = [(r, place, COLOURS[hue % len(COLOURS)][shade]) for hue, r in enumerate(all_results)
               for shade, place in enumerate(("service-vm",) + results.USER_PLACES[kind])
               if r.rows.get(kind, {}).get(place)]
    names = [(f"{r.system} {place}", colour) for r, place, colour in columns]
    groups = []
    for what in all_results[0].whats(kind):
        values = [r.values(kind, place, what) for r, place, _ in columns]
        groups.append((what, [(statistics.median(v), min(v), max(v)) if v else None for v in values]))
    return names, groups


def share_bars(all_results):
    """The same of the shares, which have no whiskers."""
    groups = {}
    for index, r in enumerate(all_results):
        for kind, place, what, share in results.shares(r):
            label = f"{kind}\\n{what}" + ("\\nvhost" if place == "user-vm-vhost" else "")
            groups.setdefault(label, [None] * len(all_results))[index] = (share, share, share)
    return [(r.system, COLOURS[hue % len(COLOURS)][1]) for hue, r in enumerate(all_results)], list(groups.items())


def script(names, groups, terminal, output, title, label):
    lines = ["$data << END"]
    for label_below, row in groups:
        cells = ["? ? ?" if bar is None else " ".join(f"{value:.6g}" for value in bar) for bar in row]
        lines.append(f'"{label_below}" ' + " ".join(cells))
    plots = [f"$data using {2 + 3 * i}:{3 + 3 * i}:{4 + 3 * i}{':xtic(1)' if i == 0 else ''} title '{name}' "
             f"linecolor rgb '{colour}'" for i, (name, colour) in enumerate(names)]
    return "\n".join(lines + ["END"]) + SCRIPT.format(terminal=terminal, output=output, title=title, label=label,
                                                       plots=", ".join(plots))


def draw(all_results, out):
    """Draws what the results hold into the folder. Returns the files' paths."""
    wanted = [("tcp", bars(all_results, "tcp"), "TCP, one core, instruction-counted time", "Mbit/s"),
              ("fio", bars(all_results, "fio"), "random write by block size, instruction-counted time", "MiB/s"),
              ("shares", share_bars(all_results), "what the user-VM reaches of the service-VM's throughput", "share")]
    made = []
    for name, (names, groups), title, label in wanted:
        if not groups:
            continue
        size = {"w": max(700, 160 + 32 * len(groups) * len(names)), "h": 460}
        for kind, terminal in TERMINALS.items():
            path = os.path.join(out, f"{name}.{kind}")
            subprocess.run(["gnuplot"], input=script(names, groups, terminal.format(**size), path, title, label),
                           text=True, check=True)
            made.append(path)
    return made
