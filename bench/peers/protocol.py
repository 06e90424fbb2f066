"""The line protocol between the benchmark's runner and a peer.

The runner starts several peers and lets them work by turns, so a peer is quiet until it is asked:

    argument        one JSON object, the spec
    -> stdout       {"ready": {"versions": {...}}} after setting up and warming up
    <- "round"      {"round": {"value": units a second, "extra": {...}}}
    <- "answers"    {"answers": ...}, for comparing what the peers compute
    end of input    exit 0

Instead of any of these: {"missing": "why this peer can't do that here"} and exit 0, or {"error": "why"} and exit 1.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO


class Missing(Exception):
    """This peer can't do what the spec asks for, on this machine; the message says why in one sentence."""


@dataclass
class Batch:
    """The result of one uninterruptible piece of work."""

    units: int
    counts: dict[str, float] = field(default_factory=dict)
    """More things to count: {"tokens": 12} becomes extra.tokens_per_s of the round."""
    work_s: float | None = None
    """How long the work took without preparations that don't count. Without it the whole call counts."""


class Peer(Protocol):
    """The work of one program. Importing, loading and building belong into its constructor."""

    versions: dict[str, str]
    """A peer may have `figures` too, a dict: it becomes a part of each round's `extra`."""

    def batch(self) -> Batch: ...

    def answers(self) -> Any: ...


def serve(make_peer: Callable[[dict[str, Any]], Peer]) -> None:
    """Speaks the protocol until the input ends, then exits. `make_peer` gets the spec."""
    out = _claim_stdout()
    try:
        spec = json.loads(sys.argv[1])
        peer = make_peer(spec)
        _work(peer, spec["warm_up_s"])
        _write(out, {"ready": {"versions": peer.versions}})
        # readline() sleeps in the kernel: a waiting peer takes no processor time from the other contenders.
        while line := sys.stdin.readline():
            command = line.strip()
            if command == "round":
                _write(out, {"round": _work(peer, spec["round_s"])})
            elif command == "answers":
                _write(out, {"answers": peer.answers()})
            elif command:
                raise ValueError(f"unknown command: {command}")
    except (Missing, ImportError) as error:
        _write(out, {"missing": _sentence(error)})
    except Exception as error:
        traceback.print_exc()
        _write(out, {"error": _sentence(error)})
        sys.exit(1)


def _claim_stdout() -> TextIO:
    """Keeps stdout for the protocol: whatever a library prints, native code included, goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _work(peer: Peer, seconds: float) -> dict[str, Any]:
    """Runs whole batches until at least `seconds` have been counted."""
    units, counted_s = 0, 0.0
    counts: dict[str, float] = {}
    while counted_s < seconds:
        start = time.perf_counter()
        batch = peer.batch()
        counted_s += time.perf_counter() - start if batch.work_s is None else batch.work_s
        units += batch.units
        for name, count in batch.counts.items():
            counts[name] = counts.get(name, 0) + count
    if counted_s == 0:
        return {"value": 0, "extra": {}}
    extra = {f"{name}_per_s": count / counted_s for name, count in counts.items()}
    return {"value": units / counted_s, "extra": extra | getattr(peer, "figures", {})}


def _write(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message, allow_nan=False) + "\n")
    out.flush()


def _sentence(error: Exception) -> str:
    """Returns the first line of the error, with its type unless the message was written for people."""
    lines = str(error).strip().splitlines() or [""]
    return lines[0] if isinstance(error, Missing) else f"{type(error).__name__}: {lines[0]}"
