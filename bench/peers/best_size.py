"""The size of a batch that suits a peer best, as bench/src/contenders/encode/best-size.ts finds it."""

import time
from collections.abc import Callable, Sequence

PASSES = 2  # a pass that is slow for some other reason shouldn't decide: the best of so many counts


def best_size(sizes: Sequence[int], work: Callable[[int], None]) -> int:
    """`work`: once, at a size. The size at which it is done soonest; each is tried once untimed first."""
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
