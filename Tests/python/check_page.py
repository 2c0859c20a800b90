"""A page of `report` as browsers and checkers see it: its HTML by tidy's rules, identifiers and links, nothing from outside,
contrast of all text and marks on light and dark paper, and its charts the same in Chromium and in librsvg.

    python Tests/python/check_page.py page.html

Without tidy, Chromium or rsvg-convert, what they check is left out, and said.
"""

import argparse
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SVG = "{http://www.w3.org/2000/svg}"


def check_tidy(page):
    if not shutil.which("tidy"):
        return "no tidy here"
    done = subprocess.run(["tidy", "-quiet", "-errors", page], capture_output=True, text=True)
    # Tidy does not know that SVG's titles may have identifiers, which name the picture for screen readers.
    found = [line for line in done.stderr.splitlines() if 'Warning: <title> proprietary attribute "id"' not in line]
    assert not found, "\n".join(found[:20])
    return "tidy finds nothing"


def check_links(root, text):
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids)), f"identifiers twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    for element in root.iter():
        name = element.tag.split("}")[-1]
        for attribute, value in element.attrib.items():
            attribute = attribute.split("}")[-1]
            if attribute in ("aria-labelledby", "aria-describedby"):
                assert set(value.split()) <= set(ids), f"{name} is labelled by {value}, which is nowhere"
            if attribute == "href" and name == "a":
                assert value.startswith("#") and value[1:] in ids, f"a link to {value}"
            elif attribute in ("src", "href"):
                assert value.startswith("data:image/png;base64,"), f"{name} refers to {value[:60]}"
            assert not attribute.startswith("on"), f"{name} has {attribute}"
        assert name not in ("script", "link", "iframe", "object", "embed"), f"there is a {name}"
        if name == "img":
            assert element.attrib.get("alt"), "an image without words for it"
        if name == "th":
            assert element.attrib.get("scope") in ("row", "col"), "a heading of nothing"
    assert "url(" not in text and "@import" not in text
    headings = [element.tag.split("}")[-1] for element in root.iter() if re.fullmatch("h[1-6]", element.tag.split("}")[-1])]
    assert headings.count("h1") == 1 and headings[0] == "h1"
    return len(ids)


def luminance(colour):
    if len(colour) == 4:
        colour = "#" + "".join(2 * c for c in colour[1:])
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(front, back, share):
    """A colour laid over another, so opaque."""
    full = [f"#{''.join(2 * c for c in x[1:])}" if len(x) == 4 else x for x in (front, back)]
    parts = [[int(x[i : i + 2], 16) for i in (1, 3, 5)] for x in full]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(*parts))


def check_contrast(text):
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for marks (1.4.11), in both themes of the page and of charts."""
    least = 99
    themes = re.findall(r"(?::root|\.rote)\{([^}]*--paper:[^}]*)\}", text)
    assert len(themes) == 4, f"{len(themes)} themes"
    for theme in themes:
        colours = dict(re.findall(r"--([\w]+):(#[0-9a-fA-F]+)", theme))
        words = [colours[name] for name in ("ink", "muted", "link") if name in colours]
        for word in words:
            least = min(least, contrast(word, colours["paper"]))
        for number in filter(str.isdigit, colours):
            assert contrast(colours[number], colours["paper"]) >= 3, (number, theme)
        if "1" in colours:
            # Numbers stand on the strongest shade of a heat map.
            for series in "12":
                least = min(least, contrast(colours["ink"], mixed(colours[series], colours["paper"], 0.45)))
    assert least >= 4.5, f"text has a contrast of {least:.2f}"
    return least


def difference(svg, folder, style):
    """The share of pixels that Chromium and librsvg draw visibly otherwise, a blur aside, which forgives the edges of letters."""
    box = [float(x) for x in svg.attrib["viewBox"].split()]
    width, height = round(2 * box[2]), round(2 * box[3])
    svg.attrib |= {"width": str(width), "height": str(height)}
    for element in list(svg):
        if element.tag == SVG + "style":
            svg.remove(element)
    sheet = ElementTree.Element(SVG + "style")
    sheet.text = style
    svg.insert(0, sheet)
    path, shots = folder / "chart.svg", [folder / "chromium.png", folder / "rsvg.png"]
    ElementTree.ElementTree(svg).write(path, encoding="utf-8", xml_declaration=True)
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--window-size={max(width, 500)},{height + 200}", f"--screenshot={shots[0]}", path.as_uri()],
        check=True, capture_output=True, timeout=120)
    subprocess.run(["rsvg-convert", "--background-color=white", "-o", shots[1], path], check=True, timeout=60)
    images = [Image.open(shot).convert("RGB").crop((0, 0, width, height)).filter(ImageFilter.GaussianBlur(4)) for shot in shots]
    a, b = (np.asarray(image, dtype=float) for image in images)
    return (abs(a - b).max(axis=2) > 48).mean()


def check_renderers(root, text):
    if not shutil.which("chromium") or not shutil.which("rsvg-convert"):
        return "no Chromium or no rsvg-convert here"
    style = re.search(r"(\.rote\{--paper:.*?)</style>", text, re.S).group(1)
    ElementTree.register_namespace("", SVG[1:-1])
    worst, name, charts = 0, "", 0
    with tempfile.TemporaryDirectory() as folder:
        for svg in root.iter(SVG + "svg"):
            share = difference(svg, Path(folder), style)
            charts += 1
            if share > worst:
                worst, name = share, svg.attrib["aria-labelledby"].split()[0]
    assert worst < 0.01, f"{name}: {worst:.1%} of the pixels differ between Chromium and rsvg-convert"
    return f"{charts} charts the same in Chromium and rsvg-convert, but for {worst:.2%} of the pixels at most"


def check(page):
    """What was found right, in words."""
    text = page.read_text()
    root = ElementTree.fromstring(text.split("<!DOCTYPE html>", 1)[1])
    tidy = check_tidy(page)
    ids = check_links(root, text)
    least = check_contrast(text)
    return (f"{tidy}; {ids} identifiers, links and images in order; contrast of text at least {least:.1f}:1; "
            f"{check_renderers(root, text)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    print("check-page:", check(parser.parse_args().page))


if __name__ == "__main__":
    main()
