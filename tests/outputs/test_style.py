"""The shared style keeps the contrast that WCAG AA asks for, in both colour schemes."""

import re
from pathlib import Path

import pytest

import outputs

STYLE = (Path(outputs.__file__).parent / "style.css").read_text("utf-8")
TEXT = [
    ("ink", "ground"), ("ink", "surface"), ("ink", "sunken"), ("ink", "accent-soft"), ("quiet", "ground"),
    ("quiet", "surface"), ("quiet", "sunken"), ("accent", "surface"), ("accent", "ground"), ("accent", "accent-soft"),
    ("accent", "sunken"), ("on-accent", "accent"), ("error", "surface"), ("error", "error-soft"),
    ("warning", "surface"), ("warning", "warning-soft"), ("good", "surface"), ("good", "good-soft"),
]  # fmt: skip
GRAPHICS = [
    ("control", "surface"),
    ("control", "ground"),
    ("error", "sunken"),
    ("good", "sunken"),
    ("accent", "sunken"),
]


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("front, back, least", [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in GRAPHICS])
def test_contrast(scheme: str, front: str, back: str, least: float) -> None:
    palette = colours(scheme)
    assert contrast(palette[front], palette[back]) >= least
