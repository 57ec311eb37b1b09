"""Fetches and builds anew what the pages take from others: ``python -m app.web.build_assets``. Needs npm.

The results are committed, so that nobody who installs, runs or changes the pages needs npm. The bundle of the scan
viewer holds NiiVue and the libraries that it reads NIfTI with; the readers of chunked remote arrays, which make up half
of it and are never used here, are left out. It is kept compressed, as it is sent. Idiomorph brings a page up to date
without replacing what did not change. IBM Plex Sans tells I from l and 1, and O from 0, and has figures of one width.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_PLEX = "5.3.0"
"""In the names of the font files, which browsers keep."""
VERSIONS = {
    "@niivue/niivue": "0.69.0",
    "esbuild": "0.28.2",
    "idiomorph": "0.8.0",
    "@fontsource/ibm-plex-sans": _PLEX,
}
STATIC = Path(__file__).parent / "static"
VIEWER = STATIC / "viewer"
BUNDLE = VIEWER / "niivue.js.gz"

_FONT = "node_modules/@fontsource/ibm-plex-sans"
_FONT_FILES = {
    f"{_FONT}/files/ibm-plex-sans-latin-{weight}-normal.woff2": f"plex-{_PLEX}-{weight}.woff2" for weight in (400, 600)
}
_LETTERS = "U+20-7E,U+A0-FF,U+2013,U+2014,U+2018,U+2019,U+201C-201E,U+2026,U+2192,U+2212,U+2264,U+2265"
"""Latin letters of western Europe and the signs that the pages use; a half of the font's size."""

_ENTRY = 'export { Niivue, NVImage } from "@niivue/niivue";\n'
_LEFT_OUT = ("zarrita", "numcodecs")
_ABSENT = """const absent = new Proxy(function () {}, {
  get: () => absent,
  construct() { throw new Error("not part of this bundle"); },
});
export default absent;
export { absent as registry, absent as open, absent as root, absent as get, absent as FetchStore };
"""
_LICENSED = (
    "@niivue/niivue",
    "fflate",
    "gl-matrix",
    "nifti-reader-js",
    "@lukeed/uuid",
    "@ungap/structured-clone",
    "array-equal",
)


def build() -> None:
    """Fetch the pinned packages and write what the pages take from them."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch the assets anew; to use them, it is not.")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "entry.mjs").write_text(_ENTRY)
        (place / "absent.mjs").write_text(_ABSENT)
        names = [f"{name}@{version}" for name, version in VERSIONS.items()]
        subprocess.run([npm, "install", "--ignore-scripts", "--no-audit", *names], cwd=place, check=True)  # noqa: S603 -- pinned names
        _write_viewer(place)
        _bundle(place, "node_modules/idiomorph/dist/idiomorph.esm.js", STATIC / "idiomorph.js")
        fonts = STATIC / "fonts"
        fonts.mkdir(exist_ok=True)
        for source, name in _FONT_FILES.items():
            cut = [
                f"--output-file={fonts / name}",
                f"--unicodes={_LETTERS}",
                "--flavor=woff2",
                "--no-hinting",
                "--layout-features=kern",
            ]
            subprocess.run([sys.executable, "-m", "fontTools.subset", place / source, *cut], check=True)  # noqa: S603 -- our own names
        shutil.copyfile(place / _FONT / "LICENSE", fonts / "LICENSE.txt")


def _write_viewer(place: Path) -> None:
    out = place / "out.js"
    _bundle(place, "entry.mjs", out, *(f"--alias:{name}=./absent.mjs" for name in _LEFT_OUT))
    code = out.read_bytes()
    held = {name: _described(place / "node_modules" / name) for name in _LICENSED}
    VIEWER.mkdir(parents=True, exist_ok=True)
    BUNDLE.write_bytes(gzip.compress(code, 9, mtime=0))
    versions = {name: VERSIONS[name] for name in ("@niivue/niivue", "esbuild")}
    told = {"built_with": versions, "sha256_uncompressed": hashlib.sha256(code).hexdigest(), "holds": held}
    (VIEWER / "niivue.json").write_text(json.dumps(told, indent=2) + "\n")


def _bundle(place: Path, entry: str, out: Path, *options: str) -> None:
    bundling = ["--bundle", "--format=esm", "--minify", "--legal-comments=none", f"--outfile={out}", *options]
    subprocess.run([place / "node_modules" / ".bin" / "esbuild", entry, *bundling], cwd=place, check=True)  # noqa: S603 -- what was just installed


def _described(package: Path) -> dict[str, str]:
    told = json.loads((package / "package.json").read_text(encoding="utf-8"))
    # The viewer's own package file names no licence; its repository has the one that LICENSES.txt holds.
    return {"version": told["version"], "license": told.get("license", "BSD-2-Clause")}


if __name__ == "__main__":
    build()
