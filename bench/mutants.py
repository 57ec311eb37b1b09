"""Mutation testing of the rules' code: each mutant is tried in a process forked after the tests had been loaded.

``.venv/bin/python bench/mutants.py grid explain`` tries all mutants of two modules of ``scoring/``, or of all without
names; docs/mutation.md tells how, and what was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from itertools import accumulate, groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from mutated import ROOT, Mutant, calls, load, put_to_work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from types import ModuleType

TESTS = ["tests/scoring", "tests/guidelines", "tests/properties/test_judging.py"]
KILLED, SURVIVED, OUT_OF_TIME = "killed", "survived", "out of time"

_PYTEST_OPTIONS = ["-x", "-o", "addopts=--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]

_CONSTANT_SECONDS, _TIMES_AS_LONG = 3, 20
"""Processor time after which a mutant is taken to run for ever: so much, and so many times what the test took."""

_LOADING_SECONDS = 10
"""The same for loading tests, beyond the time that they take to run."""

_FIRST_TIME_SECONDS = 300
"""What a test is expected to take at most, as long as that was not measured."""

_MOST_MEMORY = 4 << 30

_PROJECT = ("scoring", "imaging", "app", "tests")

_FAILED = 1
"""Exit code of a process in which a test failed."""


class Trial:
    """A pytest plugin: finds out which tests run which function, then tries each mutant on those, the fastest first.

    No test runs in this process itself, so each mutant meets what was there when the tests had been loaded.
    """

    def __init__(
        self, mutants: Sequence[Mutant], imported: Collection[str], tell: Callable[[Mutant, str], None], most: float
    ) -> None:
        self._mutants, self._imported, self._tell, self._most_seconds = mutants, imported, tell, most
        self._failed = False
        self._seconds: dict[pytest.Item, float] = {}
        self._running: dict[str, set[pytest.Item]] = {}
        self._loading: dict[str, list[str]] = {}
        self.problem: str | None = None
        self.later: dict[Mutant, tuple[list[str], int]] = {}
        """Mutants that are left, of functions that had made constants before: files of tests, and the time that they
        may take."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what ran while a file was loaded."""
        for function in calls():
            self._loading.setdefault(function, []).append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self._failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once without a mutant, then some of them with each."""
        self.problem = self._problem_without_a_mutant(session.items)
        for mutant in [] if self.problem else self._mutants:
            tests = self._tests_of(mutant)
            result = forked(partial(self._fails_anew, mutant.name, tests))
            if result == SURVIVED and (mutant.function in self._loading or mutant.function in self._imported):
                self.later[mutant] = self._files_of(mutant)
            else:
                self._tell(mutant, result)
        return True

    def _problem_without_a_mutant(self, items: Sequence[pytest.Item]) -> str | None:
        for _, group in groupby(items, key=attrgetter("path")):
            file = list(group)
            with tempfile.TemporaryFile("w+") as notes:
                if (found := forked(partial(self._notes, file, notes))) != SURVIVED:
                    return f"{file[0].path}: {found} without a mutant."
                notes.seek(0)
                for item, (seconds, functions) in zip(file, map(json.loads, notes), strict=True):
                    self._seconds[item] = seconds
                    for function in functions:
                        self._running.setdefault(function, set()).add(item)
        found = forked(partial(self._fails, "fail", sorted(items, key=self._seconds.__getitem__)))
        return None if found == KILLED else f"{found} although every function raises an error."

    def _notes(self, tests: Sequence[pytest.Item], notes: IO[str]) -> bool:
        """Run tests and write down how long each takes, and what it calls."""
        forget_what_is_kept()
        for item in tests:
            began = time.process_time()
            if self._fails("stats", [item]):
                return True
            notes.write(json.dumps([time.process_time() - began, sorted(calls())]) + "\n")
        notes.flush()
        return False

    def _tests_of(self, mutant: Mutant) -> list[pytest.Item]:
        """Tests that call the function, then the others of their files: what was kept may have spared them the call."""
        direct = self._running.get(mutant.function, set())
        files = {item.path for item in direct}
        others = [item for item in self._seconds if item.path in files and item not in direct]
        tests = [*sorted(direct, key=self._seconds.__getitem__), *sorted(others, key=self._seconds.__getitem__)]
        spent = accumulate(self._seconds[item] for item in tests)
        return [item for item, seconds in zip(tests, spent, strict=True) if seconds <= self._most_seconds]

    def _files_of(self, mutant: Mutant) -> tuple[list[str], int]:
        """Files in whose loading the function runs, or all if the rules' code makes constants by it.

        The module's own comes first, then the fastest.
        """
        loading = {item.nodeid.partition("::")[0] for item in self._seconds}
        if mutant.function not in self._imported:
            loading &= set(self._loading[mutant.function])
        tests = {file: [item for item in self._seconds if item.nodeid.partition("::")[0] == file] for file in loading}
        seconds = {file: sum(self._seconds[item] for item in items) for file, items in tests.items()}
        files = sorted(tests, key=lambda file: (mutant.module not in file, seconds[file]))
        spent = accumulate(seconds[file] for file in files[1:])
        others = [file for file, so_far in zip(files[1:], spent, strict=True) if so_far <= self._most_seconds]
        kept = [*files[:1], *others]
        return kept, _LOADING_SECONDS + int(_TIMES_AS_LONG * sum(seconds[file] for file in kept))

    def _fails_anew(self, mutant: str, tests: Sequence[pytest.Item]) -> bool:
        forget_what_is_kept()
        return self._fails(mutant, tests)

    def _fails(self, mutant: str, tests: Sequence[pytest.Item]) -> bool:
        """Whether one of the tests fails; those after it are not run."""
        put_to_work(mutant)
        self._failed = False
        for item, following in zip(tests, [*tests[1:], None], strict=False):
            limit_time(_CONSTANT_SECONDS + _TIMES_AS_LONG * self._seconds.get(item, _FIRST_TIME_SECONDS))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                break
        return self._failed


def limit_time(seconds: float) -> None:
    """End this process when it has used so much more of the processor."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, resource.RLIM_INFINITY))


def forked(fails: Callable[[], bool]) -> str:
    """How ``fails`` ends in a process of its own."""
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(_FAILED if fails() else 0)
        finally:
            os._exit(_FAILED)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: SURVIVED, _FAILED: KILLED}.get(code, OUT_OF_TIME if code == -signal.SIGXCPU else f"ended by {code}")


def load_and_try(mutant: Mutant, files: Sequence[str], cpu_seconds: int) -> str:
    """Load the rules' code and test files with the mutant, and run them."""

    def fails() -> bool:
        put_to_work(mutant.name)
        limit_time(cpu_seconds)
        forget_what_was_loaded()
        return pytest.main([*files, *_PYTEST_OPTIONS]) != pytest.ExitCode.OK

    return forked(fails)


def forget_what_was_loaded() -> None:
    """As if neither the project's code nor a test had been loaded yet."""
    for name in [name for name, module in sys.modules.items() if _is_of_the_project(module)]:
        del sys.modules[name]


def forget_what_is_kept() -> None:
    """What was worked out once for the whole process is worked out anew."""
    for module in [module for name, module in sys.modules.items() if name.startswith("scoring.")]:
        for value in vars(module).values():
            if callable(forget := getattr(value, "cache_clear", None)):
                forget()


def _is_of_the_project(module: ModuleType) -> bool:
    path = getattr(module, "__file__", None)
    return path is not None and any(Path(path).is_relative_to(ROOT / part) for part in _PROJECT)


def drawn(mutants: Sequence[Mutant], share: float, seed: int) -> list[Mutant]:
    """Of each module a share, in an order drawn at random: a run that is cut short has tried a sample, too."""
    numbers = random.Random(seed)  # noqa: S311 -- nothing secret
    kept = []
    for _, group in groupby(mutants, key=attrgetter("module")):
        own = list(group)
        kept += numbers.sample(own, round(share * len(own)))
    return kept


def main() -> None:
    """Try mutants, and tell of each that is left what it changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of scoring/; without any: all")
    parser.add_argument("--only", nargs="*", help="names of mutants")
    parser.add_argument("--share", type=float, default=1.0, help="of each module's mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--most-seconds", type=float, default=float("inf"), help="of tests for one mutant")
    parser.add_argument("--tests", nargs="*", default=TESTS)
    options = parser.parse_args()
    os.chdir(ROOT)
    mutated = load(options.modules or sorted(path.stem for path in (ROOT / "scoring").glob("[a-z]*.py")))
    mutants = drawn(mutated.mutants(), options.share, options.seed)
    mutants = [mutant for mutant in mutants if options.only is None or mutant.name in options.only]
    results: dict[Mutant, str] = {}

    def tell(mutant: Mutant, result: str) -> None:
        results[mutant] = result
        print(f"{mutant.name}: {result}", "" if result == KILLED else f"\n{mutated.change(mutant)}", flush=True)

    trial = Trial(mutants, mutated.while_imported, tell, options.most_seconds)
    if pytest.main([*options.tests, *_PYTEST_OPTIONS], plugins=[trial]) != pytest.ExitCode.OK or trial.problem:
        sys.exit(f"Nothing was measured. {trial.problem or 'The tests cannot be loaded.'}")
    for mutant, (files, seconds) in trial.later.items():
        tell(mutant, load_and_try(mutant, files, seconds))
    for module, group in groupby(mutants, key=attrgetter("module")):
        counted = Counter(results[mutant] for mutant in group)
        print(f"{module}: {counted.total()} tried, {', '.join(f'{n} {result}' for result, n in counted.items())}")


if __name__ == "__main__":
    main()
