"""The service that Cosimo replaces: FastAPI, sentence-transformers, NumPy, one process.

Written as such services usually are: sync endpoints (FastAPI runs them in its thread pool), one
`model.encode` a text, a dict as cache, one matrix product a search. It is the peer of the benchmarks,
so it is plain on purpose and not tuned either way.

    uvicorn --app-dir bench/peers fastapi_service:app --port 8001

MODEL_DIR names the folder of the model; without it Cosimo's own cache is used.
"""

import os
import threading
from pathlib import Path

import numpy as np
from fastapi import FastAPI, HTTPException
from sentence_transformers import SentenceTransformer

from schemas import EmbedRequest, IndexRequest, SearchRequest

MODEL_NAME = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
MAX_BATCH_SIZE = 100


def find_model_dir() -> Path:
    if os.environ.get("MODEL_DIR"):
        return Path(os.environ["MODEL_DIR"])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "cosimo" / "models" / MODEL_NAME.replace("/", "--") / REVISION


app = FastAPI(title="Embedding service")
model = SentenceTransformer(str(find_model_dir()), device="cpu")

cache: dict[str, list[float]] = {}
documents: dict[str, dict] = {}
matrix: np.ndarray | None = None  # one row a document, in the order of `documents`; None when stale
lock = threading.Lock()
requests = {"embed": 0, "batch": 0, "search": 0, "index": 0}
cache_counts = {"hits": 0, "misses": 0}


def encode(text: str, use_cache: bool = True) -> tuple[list[float], bool]:
    """The vector of one text, and whether the cache had it."""
    if use_cache:
        if text in cache:
            cache_counts["hits"] += 1
            return cache[text], True
        cache_counts["misses"] += 1
    vector = model.encode(text, normalize_embeddings=True, show_progress_bar=False).tolist()
    if use_cache:
        cache[text] = vector
    return vector, False


@app.post("/embed")
def embed(request: EmbedRequest):
    if len(request.texts) > MAX_BATCH_SIZE:
        raise HTTPException(status_code=400, detail="Maximum batch size is 100")
    requests["embed"] += 1
    embeddings, cached_count = [], 0
    for text in request.texts:
        vector, cached = encode(text, request.cache)
        embeddings.append(vector)
        cached_count += cached
    return {
        "embeddings": embeddings,
        "dimensions": len(embeddings[0]) if embeddings else 0,
        "cached_count": cached_count,
    }


@app.post("/embed/batch")
def embed_batch(request: EmbedRequest):
    if len(request.texts) > MAX_BATCH_SIZE:
        raise HTTPException(status_code=400, detail="Batch too large")
    requests["batch"] += 1
    if not request.texts:
        return {"embeddings": [], "dimensions": 0}
    embeddings = model.encode(request.texts, normalize_embeddings=True, show_progress_bar=False)
    return {"embeddings": embeddings.tolist(), "dimensions": embeddings.shape[1]}


@app.post("/index")
def index(request: IndexRequest):
    global matrix
    requests["index"] += 1
    vector, _ = encode(request.text)
    with lock:
        documents[request.id] = {
            "text": request.text,
            "metadata": request.metadata or {},
            "vector": vector,
        }
        matrix = None
    return {"indexed": request.id}


@app.delete("/index/{doc_id}")
def delete(doc_id: str):
    global matrix
    with lock:
        if doc_id not in documents:
            raise HTTPException(status_code=404, detail="Document not found")
        del documents[doc_id]
        matrix = None
    return {"deleted": doc_id}


@app.post("/search")
def search(request: SearchRequest):
    global matrix
    requests["search"] += 1
    query, _ = encode(request.query)
    with lock:
        if not documents:
            return []
        if matrix is None:
            matrix = np.array([d["vector"] for d in documents.values()], dtype=np.float32)
        rows, ids = matrix, list(documents)
    scores = rows @ np.array(query, dtype=np.float32)
    results = []
    for row in np.argsort(-scores, kind="stable")[: request.top_k]:
        score = float(scores[row])
        if score < request.threshold:
            break
        document = documents.get(ids[row])
        if document:
            results.append(
                {
                    "id": ids[row],
                    "text": document["text"],
                    "score": score,
                    "metadata": document["metadata"],
                }
            )
    return results


@app.get("/stats")
def stats():
    looked_up = cache_counts["hits"] + cache_counts["misses"]
    return {
        "model": MODEL_NAME,
        "index": {"documents": len(documents)},
        "requests": requests,
        "cache": {**cache_counts, "hit_rate": cache_counts["hits"] / looked_up if looked_up else 0},
    }


@app.get("/health")
def health():
    return {"status": "healthy", "model_loaded": True}
