"""Make the sample scans: a synthetic head CT with an early infarct (NIfTI, DICOM) and the same head without (NIfTI).

``python sample_data/make_scans.py`` writes the three files beside this script; ``--out FOLDER`` writes them elsewhere.
The folder is no package, so that scripts in it run as they stand and import each other by plain names: ``python -m``
would not find them. Needs nilearn (dependency group ``dev``), whose wheel holds the tissue maps. The same versions of
the libraries write the same bytes.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from phantom import build
from scanner import Protocol, Scan, scan
from write_dicom import dicom_zip

from imaging.build_atlas import gzip_bytes

HERE = Path(__file__).resolve().parent

UPRIGHT = Protocol(yaw_degrees=4, pitch_degrees=-5, roll_degrees=2.5, gantry_tilt_degrees=0, noise_seed=1)
NORMAL = Protocol(yaw_degrees=-3, pitch_degrees=2, roll_degrees=-1.5, gantry_tilt_degrees=0, noise_seed=2)
TILTED = Protocol(yaw_degrees=-2, pitch_degrees=4, roll_degrees=3, gantry_tilt_degrees=14, noise_seed=3)


def make() -> dict[str, bytes]:
    """Every scan file by its name."""
    infarct = build(infarct=True)
    return {
        "head_ct_left_mca.nii.gz": nifti(scan(infarct, UPRIGHT)),
        "head_ct_left_mca_dicom.zip": dicom_zip(scan(infarct, TILTED), TILTED),
        "head_ct_normal.nii.gz": nifti(scan(build(infarct=False), NORMAL)),
    }


def nifti(image: Scan) -> bytes:
    """A packed NIfTI-1 file in scanner positions, without a time inside."""
    affine = np.eye(4)
    affine[:3] = np.stack([image.step_i_mm, image.step_j_mm, image.step_k_mm, image.origin_mm], axis=1)
    file = nib.Nifti1Image(image.hu, affine)  # type: ignore[no-untyped-call]
    file.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    file.header["descrip"] = b"synthetic head CT, HU; no patient"
    file.set_sform(affine, code="scanner")  # type: ignore[no-untyped-call]
    file.set_qform(affine, code="scanner")  # type: ignore[no-untyped-call]
    return gzip_bytes(bytes(file.to_bytes()))


def main() -> int:
    """Write the files and print their hashes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="default: %(default)s")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in make().items():
        (folder / name).write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {name}  {len(content) / 1e6:.2f} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
