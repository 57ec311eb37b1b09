"""Reads scan after scan, each in a process of its own that is forked from this one: the readers are loaded once.

Started as ``python -m app.scans.forking_worker MEMORY_MIB CPU_SECONDS``. It takes lines as `app.scans.worker` does, and
after each scan writes the exit code of the process that read it. What a hostile file does to that process it does to
nothing else, for its memory and its limits are its own. Forking is safe here because there is one thread.
"""

import gc
import os
import sys

from app.scans.worker import READY, answer_job, limit_resources, load_readers


def main() -> None:
    """Load, then fork for every line until there are no more."""
    memory_mib, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    load_readers()
    from PIL import Image  # noqa: PLC0415 -- what each process would else load anew

    import imaging.outputs  # noqa: F401, PLC0415 -- likewise

    Image.init()
    gc.freeze()  # what is loaded is never looked through again, so that its pages stay shared
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            _read(line, memory_mib, cpu_seconds)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _read(line: str, memory_mib: int, cpu_seconds: int) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is written there is read as exit codes
        limit_resources(memory_mib, cpu_seconds)
        answer_job(line)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
