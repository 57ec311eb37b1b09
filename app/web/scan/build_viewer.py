"""Builds the bundle of the scan viewer anew: ``python -m app.web.scan.build_viewer``. Needs npm; nothing else does.

The bundle is committed, so that nobody who installs, runs or changes the pages needs npm. It holds NiiVue and the
libraries that it reads NIfTI with; the readers of chunked remote arrays, which make up half of it and are never used
here, are left out. It is kept compressed, as it is sent.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSIONS = {"@niivue/niivue": "0.69.0", "esbuild": "0.28.2"}
VIEWER = Path(__file__).parents[1] / "static" / "viewer"
BUNDLE = VIEWER / "niivue.js.gz"

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
    """Fetch the pinned packages, bundle them and write the bundle with what it holds."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to build the viewer anew; to use it, it is not.")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "entry.mjs").write_text(_ENTRY)
        (place / "absent.mjs").write_text(_ABSENT)
        names = [f"{name}@{version}" for name, version in VERSIONS.items()]
        subprocess.run([npm, "install", "--ignore-scripts", "--no-audit", *names], cwd=place, check=True)  # noqa: S603 -- pinned names
        left_out = [f"--alias:{name}=./absent.mjs" for name in _LEFT_OUT]
        bundling = ["--bundle", "--format=esm", "--minify", "--legal-comments=none", "--outfile=out.js", *left_out]
        subprocess.run([place / "node_modules" / ".bin" / "esbuild", "entry.mjs", *bundling], cwd=place, check=True)  # noqa: S603 -- what was just installed
        code = (place / "out.js").read_bytes()
        held = {name: _described(place / "node_modules" / name) for name in _LICENSED}
    VIEWER.mkdir(parents=True, exist_ok=True)
    BUNDLE.write_bytes(gzip.compress(code, 9, mtime=0))
    told = {"built_with": VERSIONS, "sha256_uncompressed": hashlib.sha256(code).hexdigest(), "holds": held}
    (VIEWER / "niivue.json").write_text(json.dumps(told, indent=2) + "\n")


def _described(package: Path) -> dict[str, str]:
    told = json.loads((package / "package.json").read_text(encoding="utf-8"))
    # The viewer's own package file names no licence; its repository has the one that LICENSES.txt holds.
    return {"version": told["version"], "license": told.get("license", "BSD-2-Clause")}


if __name__ == "__main__":
    build()
