"""The ``aspects`` command. Data go to standard output, progress and logs to standard error.

Exit codes: 0 done, 1 some rows or scans failed, 2 unusable input or options. A command imports what it needs when it
runs: judging one case waits neither for a web server nor for an image library to load.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.access.command import keys_app
from app.batch.agreement.command import agreement
from app.batch.cohort.command import cohort
from app.batch.scans.command import batch_ct
from app.batch.tables.command import batch
from app.interop.dicom_in.command import dicom_app
from app.outbox.command import outbox_app
from app.store.command import backup, record_app, restore, verify
from app.terminal import UNUSABLE, say, stop
from app.version import __version__

app = typer.Typer(
    help="ASPECTS from findings or a head CT; thrombectomy and transfer by published guidelines. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rules_app = typer.Typer(help="The rule book.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")
app.add_typer(outbox_app, name="outbox")
app.add_typer(record_app, name="record")
app.add_typer(keys_app, name="keys")
app.add_typer(dicom_app, name="dicom")
for command in (batch, batch_ct, agreement, cohort, backup, restore, verify):
    app.command()(command)

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

AsJson = Annotated[bool, typer.Option("--json", help="Print what the HTTP interface answers.")]
Scan = Annotated[Path, typer.Argument(help="NIfTI file, DICOM file, DICOM folder or zip.", exists=True)]
ScanOption = Annotated[Path | None, typer.Option(help="Head CT of the patient, as for read-ct.", exists=True)]


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    from scoring.errors import RuleFileError

    try:
        app()
    except RuleFileError as error:
        say(f"aspects: {error}")
        sys.exit(UNUSABLE)


@app.command()
def triage(
    case: Annotated[str, typer.Argument(metavar="CASE.json", help="A triage request; - reads standard input.")],
    scan: ScanOption = None,
    as_json: AsJson = False,
) -> None:
    """Judge one case, with its scan if there is one."""
    from app.intake.case_file import CaseFileError, describe, read_case
    from app.triage import triage as judge
    from scoring.errors import CaseError

    reading = None
    try:
        patient = read_case(_content(case))
        answer = judge(patient)  # at once: a case that is refused need not wait for its scan
        if scan is not None:
            from app.scans.findings import with_reading
            from imaging.reading import read_ct as read

            say(f"Reading {scan} ...")
            reading = read(scan).to_json()
            patient, warnings = with_reading(patient, reading)
            answer = judge(patient)
            answer["warnings"] = [*answer["warnings"], *warnings]
    except CaseFileError as error:
        stop(f"{case}: {error}")
    except CaseError as error:
        stop(f"{case}: {describe(error)}")
    if as_json:
        _print_json(answer if reading is None else {"reading": reading, "triage": answer})
        return
    from app.answers.note import triage_text
    from app.answers.reading_note import reading_text

    if reading is not None:
        print(reading_text(reading), end="\n\n")
    print(triage_text(answer))


@app.command()
def read_ct(
    path: Scan,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the JSON, the pictures and the label map.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read ASPECTS from a head CT without contrast. A refused scan is an answer too."""
    say(f"Reading {path} ...")
    if out is None:
        from imaging.reading import read_ct as read

        reading = read(path)
    else:
        from imaging.outputs import write_outputs
        from imaging.reading import read_with_artefacts

        reading, artefacts = read_with_artefacts(path)
        try:
            written = write_outputs(reading, artefacts, out)
        except OSError as error:
            stop(f"{out}: {error.strerror}.")
        say(f"Written to {out}: {', '.join(file.name for file in written)}.")
    if as_json:
        _print_json(reading.to_json())
    else:
        from app.answers.reading_note import reading_text

        print(reading_text(reading.to_json()))


@rules_app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List all clauses: identifier, outcome, title."""
    clauses = _catalogue()
    if as_json:
        _print_json({"rules": clauses})
        return
    width = max(len(clause["id"]) for clause in clauses)
    for clause in clauses:
        print(f"{clause['id']:{width}}  {clause['outcome']:14}  {clause['title']}")


@rules_app.command("show")
def show_rule(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="As rules list prints it.")], as_json: AsJson = False
) -> None:
    """Show one clause with its conditions, source and dates."""
    for clause in _catalogue():
        if clause["id"] == rule_id:
            break
    else:
        stop("The rule book has no clause of this id; aspects rules list prints all.")
    if as_json:
        _print_json(clause)
        return
    from app.answers.clause_note import clause_text

    print(clause_text(clause))


@rules_app.command("check")
def check_rules() -> None:
    """Read every rule file; look for overlaps, gaps, clauses that never decide, citations that lead nowhere."""
    clauses = _catalogue()
    from app.rule_pages.examples import unpaired
    from app.triage import rulebook
    from scoring.rule_checks import check_citations, check_rulebook
    from scoring.rule_files import RULES_FOLDER

    book = rulebook()
    twins = RULES_FOLDER.parent.parent / "tests" / "guidelines"
    in_checkout = twins.is_dir()
    if faults := [*check_rulebook(book), *check_citations(), *(unpaired(RULES_FOLDER, twins) if in_checkout else ())]:
        stop("\n".join(faults))
    print(f"{len(clauses)} clauses of {len({clause['ruleset'] for clause in clauses})} rule sets can be used.")
    complete = ", ".join(ruleset.title for ruleset in book.rulesets if ruleset.not_addressed)
    print(f"Every patient is answered or named as not addressed by: {complete}.")
    print(
        "Every clause has its table of values at the bounds." if in_checkout else "The tables of values are not here."
    )


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes.")] = 1,
) -> None:
    """Serve the form, the HTTP interface and its documentation."""
    from app.serving.server import SettingsUnusable, serve_until_stopped

    try:
        serve_until_stopped(host, port, workers, say=say)
    except SettingsUnusable as error:
        stop(str(error))


@app.command()
def worker() -> None:
    """Read the scans that wait in the queue and send what is to be delivered, until stopped."""
    from app.serving.server import SettingsUnusable, checked_settings

    try:
        settings = checked_settings()
        from app.operations.background import MetricsUnusable, set_up_process

        set_up_process(settings)
        from app.queue.worker import WorkerUnusable, work_until_stopped
    except (SettingsUnusable, MetricsUnusable) as error:
        stop(str(error))
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extra 'hospital'.")
    try:
        work_until_stopped(settings)
    except WorkerUnusable as error:
        stop(str(error))


@app.command()
def dicom_listen() -> None:
    """Take DICOM objects from archives and scanners (C-STORE, C-ECHO) and queue their studies, until stopped."""
    try:
        from app.interop.dicom_in.listen import ListenUnusable, listen_until_stopped
        from app.operations.logs import set_up_logs
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extras 'hospital' and 'dicom'.")
    from app.serving.server import SettingsUnusable, checked_settings

    try:
        settings = checked_settings()
        set_up_logs()
        listen_until_stopped(settings)
    except (SettingsUnusable, ListenUnusable) as error:
        stop(str(error))


@app.command()
def version() -> None:
    """Print the versions of the software and of the rules."""
    from app.triage import rulebook

    print(f"aspects {__version__}, rules {rulebook().version}")


def _catalogue() -> list[dict[str, Any]]:
    from app.triage import rules_catalogue
    from scoring.errors import RuleFileError

    try:
        return rules_catalogue()
    except RuleFileError as error:
        stop(str(error))


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        stop(f"{name}: {error.strerror}.")


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
