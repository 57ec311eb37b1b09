"""Reading the next chunk and writing the last one while one is judged; a bounded number of them is in memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items in order; the next is fetched in a thread while the caller works on one. Errors reach the caller."""
    iterator = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="read") as pool:
        coming = pool.submit(_next, iterator)
        while found := coming.result():
            coming = pool.submit(_next, iterator)
            yield found[0]


def _next(iterator: Iterator[Item]) -> tuple[Item] | None:
    for item in iterator:
        return (item,)
    return None


class Behind:
    """Does what it is given in order, in one thread, at most one piece of work behind the caller."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if error is None:
            self._wait()

    def do(self, work: Callable[[], None]) -> None:
        """Put work on; an error of the work before it is raised here."""
        self._wait()
        self._last = self._pool.submit(work)

    def _wait(self) -> None:
        if self._last is not None:
            last, self._last = self._last, None
            last.result()
