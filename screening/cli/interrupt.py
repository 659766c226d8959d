"""Ctrl-C between two results, never within one, so that the summary counts what was written."""

import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """While entered, an interrupt raises KeyboardInterrupt at once, or after what is held.

    ``with interrupts:`` around the loop; ``hold`` and ``release`` around what belongs together.
    """

    def __init__(self) -> None:
        self._asked = False
        self._held = False

    def hold(self) -> None:
        """Let an interrupt wait."""
        self._held = True

    def release(self) -> None:
        """Raise KeyboardInterrupt now if one was waiting."""
        self._held = False
        if self._asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._held:
            raise KeyboardInterrupt
