"""Files that are made of a clip when somebody asks for them, one at a time, and kept. Knows no job."""

import dataclasses
import json
import logging
import threading
from pathlib import Path
from typing import cast

from mellm.errors import InputError, MellmError
from mellm.web.child_process import Header
from mellm.web.clip_wish import Wish
from mellm.web.frame_server import StillLookingError
from mellm.web.parent_process import ChildGoneError, ChildProcess
from mellm.web.server_options import ServerOptions

_log = logging.getLogger(__name__)

MOST_WAITING = 20
"""Files that may wait to be made."""


class NotMadeError(InputError):
    """The file cannot be made of this clip; the sentence says why."""


@dataclasses.dataclass
class _Making:
    """A file on its way: `done` once it is there, or `failed` says why it is not."""

    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    failed: MellmError | None = None


class Extras:
    """Makes files in processes of their own."""

    def __init__(self, options: ServerOptions) -> None:
        """Start nothing yet."""
        self._options = options
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._making: dict[Path, _Making] = {}
        self._stopping = threading.Event()

    def made(self, target: Path, path: Path, fps: float | None, wish: Wish) -> Path:
        """The file `target`, made of the clip at `path` where it is not there yet.

        Raises StillLookingError where it takes long (ask again), NotMadeError where it cannot be made.
        """
        if target.is_file():
            return target
        with self._lock:
            making = self._making.get(target)
            if making is None:
                if len(self._making) >= MOST_WAITING:
                    raise StillLookingError("Many files are being made; ask again later.")
                making = self._making[target] = _Making()
                threading.Thread(
                    target=self._make, args=(making, target, path, fps, wish), daemon=True
                ).start()
        if not making.done.wait(self._options.frame_seconds):
            raise StillLookingError("It is being made; ask again.")
        if making.failed is not None:
            raise making.failed
        return target

    def close(self) -> None:
        """End what is being made."""
        self._stopping.set()

    def _make(self, making: _Making, target: Path, path: Path, fps: float | None, wish: Wish) -> None:
        draft = target.with_name(f".{target.name}.draft")
        try:
            with self._turn:
                target.parent.mkdir(exist_ok=True)
                self._ask(path, fps, {**wish, "target": str(draft)})
                draft.replace(target)
        except MellmError as error:
            making.failed = error
        except OSError as error:
            making.failed = MellmError(f"The file cannot be written ({error.strerror}).")
        finally:
            draft.unlink(missing_ok=True)
            with self._lock:
                self._making.pop(target, None)
            making.done.set()

    def _ask(self, path: Path, fps: float | None, wish: Wish) -> None:
        arguments = [
            str(self._options.memory),
            json.dumps(dataclasses.asdict(self._options.limits)),
            str(path),
        ]
        child = ChildProcess("mellm.web.clip_extras", *arguments, *([] if fps is None else [str(fps)]))
        try:
            child.send(cast(Header, wish))
            left = self._options.job_seconds
            while left > 0 and not self._stopping.is_set():
                try:
                    answer, _ = child.receive(0.2)
                except TimeoutError:
                    left -= 0.2
                    continue
                if "failed" in answer:
                    raise NotMadeError(answer["failed"])
                return
            raise MellmError("It took too long to make.")
        except ChildGoneError:
            raise MellmError("The process that makes it has ended by itself (out of memory?).") from None
        finally:
            child.end()
