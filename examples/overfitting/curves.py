"""In: logs that `kiln train --log` wrote. Out: one picture: the loss of each on what it learned from (dashed) and on what it did not.

    python curves.py OUT.svg NAME.csv...
"""
import csv
import math
import os
import sys

COLOURS = ["#c44e12", "#1f5fa8", "#2e7d32", "#7b3fa0"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 60, 170, 20, 40


def losses_of(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [[float(row[key]) for row in rows] for key in ("loss", "validation-loss")]


def main(out, *logs):
    curves = {os.path.splitext(os.path.basename(path))[0]: losses_of(path) for path in logs}
    epochs = max(len(loss) for loss, _ in curves.values())
    most = math.ceil(max(max(held[1:]) for _, held in curves.values()) * 5) / 5

    def x(epoch):
        return LEFT + (WIDTH - LEFT - RIGHT) * epoch / max(epochs - 1, 1)

    def y(loss):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(loss / most, 1)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for i in range(6):
        loss, epoch = most * i / 5, round((epochs - 1) * i / 5)
        parts += [f'<path d="M{LEFT} {y(loss):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                  f'<text x="{LEFT - 8}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.2f}</text>',
                  f'<text x="{x(epoch):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{epoch + 1}</text>']
    for i, (name, pair) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        for losses, dash in zip(pair, (' stroke-dasharray="4 4"', "")):
            points = " ".join(f"{x(epoch):.1f},{y(loss):.1f}" for epoch, loss in enumerate(losses))
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dash} points="{points}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 20 + 20 * i}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 30 + 20 * len(curves)}" fill="#555">dashed: training</text></svg>')
    with open(out, "w") as file:
        file.write("\n".join(parts) + "\n")


main(*sys.argv[1:])
