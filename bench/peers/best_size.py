"""Finds the fastest batch size of a peer, as bench/src/contenders/encode/best-size.ts does."""

import time
from collections.abc import Callable, Sequence

PASSES = 2  # the best of two passes counts, so that one slow pass doesn't decide


def best_size(sizes: Sequence[int], work: Callable[[int], None]) -> int:
    """Returns the fastest size. `work` does the work once, at a size; each size is tried once untimed first."""
    if len(sizes) == 1:
        return sizes[0]
    for size in sizes:
        work(size)
    best, least_s = sizes[0], float("inf")
    for _ in range(PASSES):
        for size in sizes:
            start = time.perf_counter()
            work(size)
            took_s = time.perf_counter() - start
            if took_s < least_s:
                best, least_s = size, took_s
    return best
