"""YAML for rule files and tables, as YAML 1.2 reads it: ``on`` and ``no`` are words, and no key stands twice."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scoring.errors import RuleFileError

if TYPE_CHECKING:
    from yaml import SafeLoader as _BaseLoader
else:  # the C loader is ten times as fast and part of most, not all, builds of PyYAML
    _BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _RuleLoader(_BaseLoader):
    """PyYAML speaks YAML 1.1, in which ``checked: {on: null}`` has the key ``True``."""

    yaml_implicit_resolvers = {  # noqa: RUF012 -- PyYAML's own class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 -- overrides PyYAML
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return mapping


_RuleLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


TABLES_FOLDER = Path(__file__).parent / "tables"


def load_table(name: str) -> Any:
    """Load a table that is not made of clauses: scales, doses, windows. Raises as ``load_yaml``."""
    return load_yaml(TABLES_FOLDER / f"{name}.yaml")


def load_yaml(path: Path) -> Any:
    """Load one file.

    Raises
    ------
    RuleFileError
        The file cannot be read or is not the YAML that rule files are written in.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_RuleLoader)  # noqa: S506 -- a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleFileError(f"{path.name}: cannot be read: {error}") from error
