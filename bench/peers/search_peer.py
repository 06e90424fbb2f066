"""Exact search, building and changing an index, by faiss, NumPy or usearch: one peer of the benchmark.

    python search_peer.py '{"peer": "faiss", "operation": "search", "vectors": ..., ...}'      (see protocol.py)

`vectors` and `queries` are files of little-endian float32, row after row, every row of length 1. The first `rows`
vectors are the index; further ones, if there are any, are what upserts put in.
"""

import random
import time
from typing import TYPE_CHECKING, Any

from protocol import Batch, Missing, Peer, serve
from threads import limit_loaded_pools, set_threads

if TYPE_CHECKING:
    import numpy as np

ANSWERED_QUERIES = 64


def make_peer(spec: dict[str, Any]) -> Peer:
    set_threads(spec["threads"])  # before the first import of NumPy, so imports are in functions here
    operations = {"search": Search, "build": Build, "upsert": Upsert, "delete": Delete}
    if spec["operation"] not in operations:
        raise Missing(f"There is no operation {spec['operation']}.")
    if spec["peer"] == "usearch" and spec["operation"] != "search":
        raise Missing("usearch searches a plain matrix exactly: there is no index to build or to change.")
    peer = operations[spec["operation"]](spec)
    limit_loaded_pools(spec["threads"])
    return peer


def make_index(spec: dict[str, Any], *, with_ids: bool = False):
    from search_indexes import FaissIndex, NumpyIndex, UsearchIndex

    name, threads = spec["peer"], spec["threads"]
    if name in ("faiss", "faiss-blas"):
        index = FaissIndex(spec["dimensions"], threads, always_blas=name == "faiss-blas", with_ids=with_ids)
    elif name == "numpy":
        index = NumpyIndex(with_ids=with_ids)
    elif name == "usearch":
        index = UsearchIndex(threads)
    else:
        raise Missing(f"There is no peer {name}.")
    return index


def read_rows(path: str, dimensions: int) -> "np.ndarray":
    import numpy as np

    return np.fromfile(path, dtype="<f4").reshape(-1, dimensions)


def read_matrix(spec: dict[str, Any]) -> tuple["np.ndarray", "np.ndarray"]:
    """The rows of the index and the replacements (the index's own rows when the file has no more)."""
    vectors = read_rows(spec["vectors"], spec["dimensions"])
    matrix, further = vectors[: spec["rows"]], vectors[spec["rows"] :]
    if len(matrix) < spec["rows"]:
        raise ValueError(f"{spec['vectors']} has {len(matrix)} rows, {spec['rows']} are asked for")
    return matrix, further if len(further) else matrix


class Search:
    """Searches for `concurrency` queries at once, as a service batches the requests that wait."""

    def __init__(self, spec: dict[str, Any]):
        matrix, _ = read_matrix(spec)
        self._queries = read_rows(spec["queries"], spec["dimensions"])[: spec["query_count"]]
        self._concurrency, self._top_k = spec["concurrency"], spec["top_k"]
        self._index = make_index(spec)
        self._index.build(matrix)
        self.versions = self._index.versions
        self._next = 0

    def batch(self) -> Batch:
        queries = self._queries.take(range(self._next, self._next + self._concurrency), axis=0, mode="wrap")
        self._next = (self._next + self._concurrency) % len(self._queries)
        self._index.search(queries, self._top_k)
        return Batch(self._concurrency)

    def answers(self) -> dict[str, list]:
        ids, scores = [], []
        queries = self._queries[:ANSWERED_QUERIES]
        for first in range(0, len(queries), self._concurrency):  # batches of the size that was timed
            found = self._index.search(queries[first : first + self._concurrency], self._top_k)
            ids += found[0].tolist()
            scores += found[1].tolist()
        return {"ids": ids, "scores": scores}


class Build:
    """Builds the whole index from a matrix in memory. After a pause the first isn't timed: a virtual machine's host takes free
    memory back meanwhile, and getting it again takes longer than building."""

    PAUSE_S = 0.2

    def __init__(self, spec: dict[str, Any]):
        self._spec = spec
        self._matrix, _ = read_matrix(spec)
        self.versions = make_index(spec).versions
        self._built = float("-inf")

    def batch(self) -> Batch:
        if time.perf_counter() - self._built > self.PAUSE_S:
            make_index(self._spec, with_ids=True).build(self._matrix)
        index = make_index(self._spec, with_ids=True)  # ids can be found again, as in Cosimo's index
        start = time.perf_counter()
        index.build(self._matrix)
        built_s = time.perf_counter() - start
        del index
        self._built = time.perf_counter()
        return Batch(len(self._matrix), work_s=built_s)

    def answers(self) -> None:
        return None


class Upsert:
    """Replaces the vectors of random ids, one at a time."""

    PLANNED = 4096

    def __init__(self, spec: dict[str, Any]):
        matrix, self._replacements = read_matrix(spec)
        self._index = make_index(spec, with_ids=True)
        self._index.build(matrix)
        self.versions = self._index.versions
        # Drawn beforehand: drawing takes as long as a fast replacement.
        draw = random.Random(spec["seed"]).randrange
        self._plan = [(draw(len(matrix)), draw(len(self._replacements))) for _ in range(self.PLANNED)]
        self._next = 0

    def batch(self) -> Batch:
        count = self._index.changes_per_batch
        plan = self._plan[self._next : self._next + count]
        self._next = (self._next + count) % self.PLANNED
        for key, replacement in plan:
            self._index.replace(key, self._replacements[replacement])
        return Batch(len(plan))

    def answers(self) -> None:
        return None


class Delete:
    """Deletes random ids, one at a time; starts again with the whole index when half of it is gone."""

    def __init__(self, spec: dict[str, Any]):
        self._spec = spec
        self._matrix, _ = read_matrix(spec)
        self._random = random.Random(spec["seed"])
        self._restore()
        self.versions = self._index.versions

    def _restore(self) -> None:
        self._index = make_index(self._spec, with_ids=True)
        self._index.build(self._matrix)
        # Any half of a shuffled list is as good as drawing one id after the other.
        self._order = list(range(len(self._matrix)))
        self._random.shuffle(self._order)

    def batch(self) -> Batch:
        count = max(1, min(self._index.changes_per_batch, len(self._matrix) // 2))
        if len(self._index) - count < len(self._matrix) // 2:
            self._restore()
        keys = [self._order.pop() for _ in range(count)]
        start = time.perf_counter()
        for key in keys:
            self._index.delete(key)
        return Batch(count, work_s=time.perf_counter() - start)

    def answers(self) -> None:
        return None


if __name__ == "__main__":
    serve(make_peer)
