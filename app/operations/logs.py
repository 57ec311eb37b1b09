"""Logs of a hospital's service: one JSON object a line on standard error, with nothing about a patient in it.

Our own loggers (``aspects.…``) say what happened in fixed words. What other libraries say may quote what they were
given, so of them only the place is kept, and of exceptions only their types and places.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, Processor, WrappedLogger

_TRUSTED = ("aspects", "uvicorn.error")
"""Loggers whose words are fixed: they name addresses of ours and numbers of processes."""
_SILENT = ("uvicorn.access",)
"""It writes addresses as they were sent, with their queries; `app.operations.request_log` says what may be said."""
_set_up = threading.Event()
_MOST_FRAMES = 12
_MOST_CAUSES = 4
WITHHELD = "A message of a library is withheld; it may quote what it was given."


def set_up_logs(level: int = logging.INFO) -> None:
    """Send all logs, warnings and uncaught errors of this process through here."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)  # noqa: FBT003 -- its only parameter
    for name in _TRUSTED:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = True
    for name in _SILENT:
        logging.getLogger(name).disabled = True
    logging.getLogger("dbos")  # it adds a handler of its own unless it has one already
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]  # a library that writes by itself would write past us
        logger.propagate = True
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _set_up.set()
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda args: _on_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def write_request(entry: dict[str, Any]) -> None:
    """Write one line about a request, past the machinery above: each of its words is ours, and there are many requests.

    Before `set_up_logs` nothing is written.
    """
    if _set_up.is_set():
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {"event": "request", **entry, "logger": "aspects.requests", "level": "info", "time": now}
        sys.stderr.write(to_json(line).decode() + "\n")


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.stdlib.PositionalArgumentsFormatter(),
        _withhold,
        _name_exception,
    ]


def _withhold(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep the words of our own loggers; of others, where they spoke."""
    record: logging.LogRecord | None = event.get("_record")
    name = str(event.get("logger", ""))
    if record is None or any(name == trusted or name.startswith(f"{trusted}.") for trusted in _TRUSTED):
        return event
    event["event"] = WITHHELD
    event["where"] = f"{record.module}:{record.lineno}"
    return event


def _name_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its types and places: its words may quote what was sent."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = named(error)
    event.pop("stack_info", None)
    record: logging.LogRecord | None = event.get("_record")
    if record is not None:
        record.exc_info = None
        record.exc_text = None
    return event


def named(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes, outermost first: type, and frames from the newest.

    >>> try:
    ...     raise ValueError("of a patient")
    ... except ValueError as error:
    ...     named(error)[0]["type"]
    'ValueError'
    """
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _MOST_CAUSES:
        chain.append({"type": type(current).__qualname__, "at": _frames(current.__traceback__)})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _frames(trace: TracebackType | None) -> Sequence[str]:
    frames = traceback.extract_tb(trace)[-_MOST_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _on_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    fault = error or kind()
    logging.getLogger("aspects").critical("An error was not caught.", exc_info=(kind, fault, trace))
