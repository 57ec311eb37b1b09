"""``aspects-bids``: a BIDS App, run as ``aspects-bids BIDS_DIR OUTPUT_DIR participant|group``.

Exit codes: 0 done, 1 some images failed, 2 unusable input or options.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from app.batch.faults import TableUnusable
from app.batch.scans.bids.dataset import find_images, read_description
from app.batch.scans.bids.derivatives import KEPT, lay_down, write_description, write_group
from app.batch.scans.engine import Where, engine_of
from app.batch.scans.ledger import alone
from app.batch.scans.run import Limits, faults_told, prepare_folder, read_entries
from app.terminal import SOME_FAILED, UNUSABLE, say
from app.version import __version__
from scoring.errors import RuleFileError


def main(arguments: Sequence[str] | None = None, limits: Limits | None = None) -> int:
    """Run the app; returns the exit code. ``limits``: instead of those of the options."""
    options = _parser().parse_args(arguments)
    try:
        _check_apart(options.bids_dir, options.output_dir)
        told = _participants(options, limits) if options.analysis_level == "participant" else _group(options)
    except (TableUnusable, RuleFileError) as error:
        say(f"aspects-bids: {error}")
        return UNUSABLE
    counted = ", ".join(f"{told.count(status)} {status}" for status in sorted(set(told)))
    say(f"{len(told)} images: {counted}. {options.output_dir}")
    return SOME_FAILED if "failed" in told else 0


def _check_apart(dataset: Path, out: Path) -> None:
    """Results have descriptions of the same name as the data set: they must not be laid over it."""
    if out.resolve() == dataset.resolve():
        raise TableUnusable("The results need a folder of their own, such as BIDS_DIR/derivatives/aspects.")


def _participants(options: argparse.Namespace, limits: Limits | None) -> list[str]:
    """Read the images of the participants asked for; returns what became of each."""
    dataset, out = options.bids_dir, options.output_dir
    description = read_description(dataset, skip_validation=options.skip_bids_validation)
    labels = list(dict.fromkeys(label.removeprefix("sub-") for label in options.participant_label or []))
    sessions = [label.removeprefix("ses-") for label in options.session_label or []]
    images = find_images(dataset, labels, sessions)
    refused = {image.entry.name: code.value for image in images if (code := image.refusal()) is not None}
    engine = engine_of(Where(options.scheduler, options.tls_ca, options.tls_cert, options.tls_key), dataset)
    prepare_folder(out / KEPT)
    with alone(out / KEPT, labels), faults_told(out):
        write_description(out, dataset, description)
        ledger = read_entries(
            [image.entry for image in images],
            out / KEPT,
            limits or Limits(options.workers, options.seconds, options.memory_mib),
            engine,
            refused,
        )
        lines = ledger.ordered()
        lay_down(out, images, lines)
    return [str(line["status"]) for line in lines]


def _group(options: argparse.Namespace) -> list[str]:
    """Put the results of all participants together."""
    description = read_description(options.bids_dir, skip_validation=options.skip_bids_validation)
    if not options.output_dir.is_dir():
        raise TableUnusable(f"{options.output_dir}: not a folder.")
    with faults_told(options.output_dir):
        lines = write_group(options.output_dir)
        write_description(options.output_dir, options.bids_dir, description)
        return [str(line["status"]) for line in lines]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aspects-bids", description="ASPECTS of every head CT of a BIDS data set.")
    parser.add_argument("bids_dir", type=Path, help="the data set; nothing is written there")
    parser.add_argument("output_dir", type=Path, help="folder for the derivatives; run again to carry on")
    parser.add_argument("analysis_level", choices=["participant", "group"], help="read images, or put results together")
    parser.add_argument(
        "--participant-label",
        "--participant_label",
        nargs="+",
        metavar="LABEL",
        help="only these; with or without sub-",
    )
    parser.add_argument("--session-label", "--session_label", nargs="+", metavar="LABEL", help="only these sessions")
    parser.add_argument(
        "--skip-bids-validation", "--skip_bids_validation", action="store_true", help="read it whatever it describes"
    )
    parser.add_argument("--workers", type=_workers, default=1, help="images read at the same time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=120.0, help="longest time for one image (%(default)s)")
    parser.add_argument("--memory-mib", type=int, default=6144, help="address space for one image (%(default)s)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers read")
    for name in ("ca", "cert", "key"):
        parser.add_argument(f"--tls-{name}", type=Path, metavar="FILE", help="for a scheduler at tls://, PEM format")
    parser.add_argument("-v", "--version", action="version", version=f"aspects-bids {__version__}")
    return parser


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:  # noqa: PLR2004 -- as batch-ct
        raise argparse.ArgumentTypeError("1 to 64")
    return int(text)
