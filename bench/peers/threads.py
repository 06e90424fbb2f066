"""The same number of threads for every peer. Imports nothing that computes: it has to run before NumPy is loaded."""

import os

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def set_threads(count: int) -> None:
    """Call it before the first import of a numeric library: OpenMP and OpenBLAS read these when they are loaded."""
    for variable in VARIABLES:
        os.environ[variable] = str(count)


def limit_loaded_pools(count: int) -> None:
    """Call it again after the imports: pools such as the OpenBLAS inside faiss have their own default."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=count)
