"""Exact inner-product indexes with one interface: faiss, NumPy, usearch.

Ids are the numbers of the rows an index was built from. Each class is written as its library means it to be used;
only what the benchmark calls is here.
"""

from importlib.metadata import version

import numpy as np


class FaissIndex:
    """faiss.IndexFlatIP; `with_ids` puts IndexIDMap2 around it, which replacing and deleting need."""

    # remove_ids goes through all rows, so one change at a time is long enough to be measured.
    changes_per_batch = 1

    def __init__(self, dimensions: int, threads: int, *, always_blas: bool = False, with_ids: bool = False):
        import faiss

        self.versions = {"faiss": version("faiss-cpu")}
        faiss.omp_set_num_threads(threads)
        if always_blas:
            # By default faiss calls BLAS if queries × dimensions reach 128,000 (334 queries here), else its own
            # kernel.
            faiss.cvar.distance_compute_blas_threshold = 0
        flat = faiss.IndexFlatIP(dimensions)
        self._with_ids = with_ids
        self._index = faiss.IndexIDMap2(flat) if with_ids else flat

    def build(self, matrix: np.ndarray) -> None:
        if self._with_ids:
            self._index.add_with_ids(matrix, np.arange(len(matrix), dtype=np.int64))
        else:
            self._index.add(matrix)

    def search(self, queries: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        scores, ids = self._index.search(queries, top_k)
        return ids, scores

    def replace(self, key: int, vector: np.ndarray) -> None:
        ids = np.array([key], dtype=np.int64)
        self._index.remove_ids(ids)
        self._index.add_with_ids(vector[np.newaxis], ids)

    def delete(self, key: int) -> None:
        self._index.remove_ids(np.array([key], dtype=np.int64))

    def __len__(self) -> int:
        return self._index.ntotal


class NumpyIndex:
    """One matrix; a search is a matrix product. A dict leads from ids to rows, so that rows can move."""

    # A change takes about a microsecond, as long as looking at the clock does.
    changes_per_batch = 64

    def __init__(self, *, with_ids: bool = False):
        self.versions = {"numpy": version("numpy")}
        self._with_ids = with_ids

    def build(self, matrix: np.ndarray) -> None:
        self._matrix = matrix.copy()
        if self._with_ids:
            self._ids = list(range(len(matrix)))
            self._rows = {key: key for key in self._ids}

    def search(self, queries: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        scores = queries @ self._matrix.T
        top_k = min(top_k, scores.shape[1])
        rows = np.argpartition(scores, scores.shape[1] - top_k, axis=1)[:, -top_k:]
        best = np.take_along_axis(scores, rows, axis=1)
        order = np.lexsort((rows, -best), axis=1)  # best first, equal ones by row
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(best, order, axis=1)

    def replace(self, key: int, vector: np.ndarray) -> None:
        self._matrix[self._rows[key]] = vector

    def delete(self, key: int) -> None:
        """The last row moves to where the deleted one was."""
        row = self._rows.pop(key)
        moved = self._ids.pop()
        if moved != key:
            self._matrix[row] = self._matrix[len(self._ids)]
            self._ids[row] = moved
            self._rows[moved] = row

    def __len__(self) -> int:
        return len(self._ids) if self._with_ids else len(self._matrix)


class UsearchIndex:
    """usearch's exact search, a function over a matrix: there is no index to build or change."""

    def __init__(self, threads: int):
        from usearch.index import MetricKind, search

        self.versions = {"usearch": version("usearch")}
        self._exact_search = search
        self._metric = MetricKind.IP
        self._threads = threads

    def build(self, matrix: np.ndarray) -> None:
        self._matrix = matrix

    def search(self, queries: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        matches = self._exact_search(self._matrix, queries, top_k, self._metric, exact=True, threads=self._threads)
        shape = (len(queries), -1)  # one query comes back without its axis
        return matches.keys.reshape(shape), 1 - matches.distances.reshape(shape)  # the distance is 1 - product
