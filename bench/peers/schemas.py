"""The request models of the service that Cosimo replaces.

They stand alone so that the recorder of test/fixtures/fastapi-cases.json can import them without torch.
"""

from typing import Optional

from pydantic import BaseModel


class EmbedRequest(BaseModel):
    texts: list[str]
    cache: bool = True


class IndexRequest(BaseModel):
    id: str
    text: str
    metadata: Optional[dict] = None


class SearchRequest(BaseModel):
    query: str
    top_k: int = 10
    threshold: float = 0.5
