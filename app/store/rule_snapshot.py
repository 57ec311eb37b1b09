"""The rule book as one text: what a kept answer was given by stays readable after the files have changed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, insert, select

from app.access.actor import Actor, ActorKind
from app.settings.settings import Settings
from app.store import audit
from app.store.packing import pack, unpack
from app.store.tables_cases import rule_snapshots
from app.triage import rulebook
from scoring.local_policy import with_local_policy
from scoring.rule_files import RULES_FOLDER, rules_version
from scoring.rule_yaml import TABLES_FOLDER
from scoring.rulebook import RuleBook

RULES, TABLES, POLICY = "rules", "tables", "policy"
KEEPER = Actor(ActorKind.SYSTEM, "record", frozenset())
_FOLDERS = {RULES: RULES_FOLDER, TABLES: TABLES_FOLDER}


class RulesChanged(Exception):
    """The rule files differ from the rule book that this process read: it has to be started anew."""


def keep_installed_rules(connection: Connection) -> None:
    """Keep the rule book of this installation unless the record has it. Raises RulesChanged."""
    version = rulebook().version
    known = select(rule_snapshots.c.version).where(rule_snapshots.c.version == version)
    if connection.execute(known).first() is None:
        content = installed_rules()
        if version_of_installed_rules() != version:
            raise RulesChanged("The rule files have changed since this process read them.")
        row = {"version": version, "content": pack(content), "content_sha256": hashlib.sha256(content).hexdigest()}
        connection.execute(insert(rule_snapshots), row)
        detail = {"content_sha256": row["content_sha256"]}
        audit.append(connection, audit.Event(KEEPER, "rules.kept", f"rules/{version}", detail=detail))


def installed_rules() -> bytes:
    """All rule files, tables and the hospital's own policy as canonical JSON: folder, path, text."""
    book = {
        name: {
            path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8")
            for path in sorted(folder.rglob("*.yaml"))
        }
        for name, folder in _FOLDERS.items()
    }
    policy = Settings().local_policy_file
    whole = {**book, POLICY: None if policy is None else policy.read_bytes().decode("utf-8")}
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


def version_of_installed_rules() -> str:
    """The version that the rule files have as they lie on the disk now."""
    return with_local_policy(RuleBook((), rules_version()), Settings().local_policy_file).version


def kept_rules(connection: Connection, version: str) -> bytes:
    """The text of a kept rule book. ``ValueError`` if it is not there or damaged."""
    row = connection.execute(select(rule_snapshots).where(rule_snapshots.c.version == version)).first()
    if row is None:
        raise ValueError("The record does not hold this rule book.")
    content = unpack(row.content)
    if hashlib.sha256(content).hexdigest() != row.content_sha256:
        raise ValueError("The kept rule book was changed.")
    return content


def write_rules(content: bytes, folder: Path) -> Path | None:
    """Lay a kept rule book out as files again, below ``folder``.

    Returns
    -------
    The file of the hospital's own policy, if there was one.

    Raises
    ------
    ValueError
        A path leads elsewhere.
    """
    book: Mapping[str, Any] = json.loads(content)
    for name in _FOLDERS:
        for path, text in book[name].items():
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts:
                raise ValueError("A path of the kept rule book leads out of its folder.")
            file = folder / name / pure
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
    if book[POLICY] is None:
        return None
    policy = folder / "policy.yaml"
    policy.write_bytes(book[POLICY].encode())
    return policy
