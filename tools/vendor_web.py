"""Copy the compiled browser assets that the pages use out of an npm folder into the source tree.

Usage, in an empty folder outside the repository::

    npm install --ignore-scripts @tabler/core @tabler/icons htmx.org jsqr \\
        @fontsource-variable/inter @fontsource-variable/noto-sans-thai
    python /path/to/repository/tools/vendor_web.py node_modules

Nothing is built: files are copied as their makers compiled them, each beside its licence, and a
gzip copy is laid beside the large ones so that WhiteNoise can serve it. The one file that is put
together here is the icon sprite, from the icons named in ``icons.txt``.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src" / "tidegate" / "web" / "static" / "vendor"

# package -> (folder under vendor/, [(file in the package, name here)])
COPIED: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "@tabler/core": (
        "tabler",
        [("dist/css/tabler.min.css", "tabler.min.css"), ("dist/js/tabler.min.js", "tabler.min.js")],
    ),
    "htmx.org": ("htmx", [("dist/htmx.min.js", "htmx.min.js"), ("LICENSE", "LICENSE")]),
    "jsqr": ("jsqr", [("dist/jsQR.js", "jsQR.js"), ("LICENSE", "LICENSE")]),
    "@fontsource-variable/inter": (
        "inter",
        [
            ("files/inter-latin-wght-normal.woff2", "inter-latin.woff2"),
            ("files/inter-latin-ext-wght-normal.woff2", "inter-latin-ext.woff2"),
            ("files/inter-vietnamese-wght-normal.woff2", "inter-vietnamese.woff2"),
            ("LICENSE", "LICENSE"),
        ],
    ),
    "@fontsource-variable/noto-sans-thai": (
        "noto-sans-thai",
        [("files/noto-sans-thai-thai-wght-normal.woff2", "noto-sans-thai.woff2"), ("LICENSE", "LICENSE")],
    ),
    "@tabler/icons": ("tabler-icons", [("LICENSE", "LICENSE")]),
}
COMPRESSED = {".css", ".js", ".svg"}
SOURCE_MAP = re.compile(rb"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=.*?\*/)\s*$")


def write(target: Path, data: bytes) -> None:
    """Write `data`, and a gzip copy beside it when the file is one that shrinks."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    if target.suffix in COMPRESSED:
        # No time stamp inside: the same input gives the same bytes.
        Path(f"{target}.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def sprite(icons: Path, names: list[str]) -> bytes:
    """One SVG file with a <symbol> for each icon: outline icons by name, filled ones as `filled/NAME`."""
    symbols = []
    for name in names:
        style, _, bare = name.rpartition("/")
        source = icons / "icons" / (style or "outline") / f"{bare}.svg"
        if not source.is_file():
            raise SystemExit(f"icons.txt names {name!r}, which the package does not have")
        text = source.read_text(encoding="utf-8")
        body = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
        if body is None:
            raise SystemExit(f"{source.name} is not an SVG that this script can read")
        inner = re.sub(r"\s*\n\s*", "", body.group(1))
        inner = inner.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none"/>', "")
        paint = (
            'fill="currentColor"'
            if style == "filled"
            else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        )
        symbols.append(f'<symbol id="{name.replace("/", "-")}" viewBox="0 0 24 24" {paint}>{inner}</symbol>')
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]
    return "\n".join(lines).encode()


def main() -> None:
    if len(sys.argv) != 2 or not (modules := Path(sys.argv[1])).is_dir():
        raise SystemExit("usage: vendor_web.py NODE_MODULES")
    versions = []
    for package, (folder, files) in COPIED.items():
        about = json.loads((modules / package / "package.json").read_text(encoding="utf-8"))
        versions.append((package, about["version"], about["license"], folder))
        for source, name in files:
            data = (modules / package / source).read_bytes()
            # A source map that is not shipped only makes a browser's console complain.
            write(
                VENDOR / folder / name,
                SOURCE_MAP.sub(b"\n", data) if name.endswith((".js", ".css")) else data,
            )
    # @tabler/core carries no licence file; its icons, from the same makers under the same licence, do.
    shutil.copy(modules / "@tabler/icons" / "LICENSE", VENDOR / "tabler" / "LICENSE")

    wanted = (VENDOR / "tabler-icons" / "icons.txt").read_text(encoding="utf-8").split()
    write(VENDOR / "tabler-icons" / "sprite.svg", sprite(modules / "@tabler/icons", sorted(set(wanted))))

    rows = "\n".join(f"| {p} | {v} | {lic} | `{folder}/` |" for p, v, lic, folder in versions)
    (VENDOR / "README.md").write_text(
        "# Vendored browser assets\n\n"
        "Compiled files from the npm packages below, unchanged but for the comment that names a source map,\n"
        "each folder with its licence. Made by `tools/vendor_web.py`; change that script or\n"
        "`tabler-icons/icons.txt`, never the files.\n\n"
        f"| package | version | licence | folder |\n|---|---|---|---|\n{rows}\n\n"
        "Tabler's files contain Bootstrap 5 (MIT, The Bootstrap Authors).\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
