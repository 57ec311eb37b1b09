"""How much of objects under way may lie in memory, for each and for all together; beyond it bytes are counted only."""

import threading
from io import BytesIO
from typing import Any


class MemoryBudget:
    """Shared by all associations of a process."""

    def __init__(self, object_bytes: int, all_bytes: int) -> None:
        self.object_bytes = object_bytes
        """Largest object, in bytes."""
        self._left = all_bytes
        self._lock = threading.Lock()

    def take(self, size_bytes: int) -> bool:
        """Reserve memory; ``False``: there is not so much left."""
        with self._lock:
            if size_bytes > self._left:
                return False
            self._left -= size_bytes
            return True

    def give_back(self, size_bytes: int) -> None:
        """End a reservation."""
        with self._lock:
            self._left += size_bytes


class BoundedBuffer(BytesIO):
    """Collects one object; beyond the budget it lets go of everything, and the sender hears so when he is done."""

    def __init__(self, budget: MemoryBudget) -> None:
        super().__init__()
        self._budget = budget
        self._held = 0
        self.is_too_large = False
        """The object alone is larger than objects may be."""
        self.is_over_budget = False
        """All objects under way together are too much."""

    def write(self, data: Any, /) -> int:
        """Append bytes, or only count them once a limit is passed."""
        size = len(data)
        if self.is_too_large or self.is_over_budget:
            return size
        if self._held + size > self._budget.object_bytes:
            self.is_too_large = True
        elif not self._budget.take(size):
            self.is_over_budget = True
        else:
            self._held += size
            return super().write(data)
        self.release()
        return size

    def release(self) -> None:
        """Let go of the content and its share of the budget."""
        self.seek(0)
        self.truncate()
        self._budget.give_back(self._held)
        self._held = 0

    def __del__(self) -> None:
        self._budget.give_back(self._held)
        self._held = 0
