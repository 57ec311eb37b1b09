"""Imports modules of the rules' code with all of mutmut's mutants beside each function; the environment picks one."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[1]


class Mutant(NamedTuple):
    """One small change of one function."""

    name: str
    """As mutmut names it: ``"scoring.grid.x__count__mutmut_3"``."""

    @property
    def module(self) -> str:
        """The module of ``scoring``."""
        return self.name.split(".")[1]

    @property
    def function(self) -> str:
        """The function that is changed, as ``calls`` names it."""
        return self.name.partition("__mutmut_")[0]


class Mutated(importlib.abc.MetaPathFinder):
    """Finds the mutated modules for whoever imports them."""

    def __init__(self, modules: Iterable[str]) -> None:
        self.files: dict[str, MutatedFile] = {}
        self._compiled: dict[str, CodeType] = {}
        self.while_imported: set[str] = set()
        """Functions that ran while the modules were imported."""
        for name in modules:
            path = ROOT / "scoring" / f"{name}.py"
            self.files[f"scoring.{name}"] = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))

    def find_spec(self, fullname: str, _path: object = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Where an import of a mutated module leads; all others are found as ever."""
        if fullname not in self.files:
            return None
        path = ROOT.joinpath(*fullname.split(".")).with_suffix(".py")
        if fullname not in self._compiled:
            self._compiled[fullname] = compile(self.files[fullname].code, str(path), "exec")
        loader = _Loader(fullname, str(path), self._compiled[fullname])
        return importlib.util.spec_from_file_location(fullname, path, loader=loader)

    def mutants(self) -> list[Mutant]:
        """All of them, by module and name."""
        return [Mutant(f"{module}.{name}") for module, file in self.files.items() for name in sorted(file.mutant_names)]

    def change(self, mutant: Mutant) -> str:
        """The lines that the mutant takes away and puts in."""
        before = self._lines(mutant, f"{mutant.function.rpartition('.')[2]}__mutmut_orig")
        after = self._lines(mutant, mutant.name.rpartition(".")[2])
        return "\n".join(line for line in list(unified_diff(before, after, n=0))[2:] if not line.startswith("@@"))

    def _lines(self, mutant: Mutant, function: str) -> list[str]:
        file = self.files[mutant.name.rpartition(".")[0]]
        span = file.line_span_by_function_name[function]
        return [line.replace(function, "") for line in file.code.splitlines()[span.start - 1 : span.end]]


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, _fullname: str) -> CodeType:
        return self._code


def load(modules: Iterable[str]) -> Mutated:
    """Import the modules with their mutants, of which none is at work."""
    mutated = Mutated(modules)
    sys.meta_path.insert(0, mutated)
    sys.path.insert(0, str(ROOT))
    vars(trampoline)["record_trampoline_hit"] = lambda name, **_: _CALLED.add(name)
    put_to_work("stats")  # mutmut's word for noting what is called
    for module in mutated.files:
        importlib.import_module(module)
    mutated.while_imported = calls()
    return mutated


def put_to_work(mutant: str) -> None:
    """Choose the mutant that is called from now on; with ``"fail"`` every function raises an error."""
    os.environ["MUTANT_UNDER_TEST"] = mutant


_CALLED: set[str] = set()


def calls() -> set[str]:
    """Functions that were called since this was asked last."""
    called = set(_CALLED)
    _CALLED.clear()
    return called
