/** What each call takes and gives, as JSON schema. `body/lax-validation.ts` validates by it, and /docs shows it. */
import { type Static, Type } from 'typebox';
import { ID_BYTES_MAX } from '../service/document.ts';

const Metadata = Type.Object(
  {},
  { additionalProperties: true, description: 'Any JSON object; comes back as it was given' },
);

export const EmbedRequest = Type.Object(
  {
    texts: Type.Array(Type.String(), { description: 'Texts to embed, at most MAX_BATCH_SIZE' }),
    cache: Type.Boolean({ default: true, description: 'False neither reads nor writes the embedding cache' }),
  },
  { $id: 'EmbedRequest', required: ['texts'] },
);

export const IndexRequest = Type.Object(
  {
    id: Type.String({
      minLength: 1,
      maxUtf8Bytes: ID_BYTES_MAX,
      description: `At most ${ID_BYTES_MAX} bytes of UTF-8`,
    }),
    text: Type.String(),
    metadata: { ...Metadata, type: ['object', 'null'], default: null, keepSource: true },
  },
  { $id: 'IndexRequest', required: ['id', 'text'] },
);

export const SearchRequest = Type.Object(
  {
    query: Type.String(),
    top_k: Type.Integer({
      default: 10,
      description: 'At most this many hits; more than MAX_TOP_K is taken as MAX_TOP_K',
    }),
    threshold: Type.Number({ default: 0.5, description: 'Lowest cosine similarity of a hit' }),
  },
  { $id: 'SearchRequest', required: ['query'] },
);

/** Validated bodies, as handlers get them. `metadata` is JSON text. */
export interface EmbedBody extends Static<typeof EmbedRequest> {}
export interface SearchBody extends Static<typeof SearchRequest> {}
export interface IndexBody {
  readonly id: string;
  readonly text: string;
  readonly metadata: string | null;
}

export const DocumentParams = Type.Object({ doc_id: Type.String() });

const Vectors = Type.Array(Type.Array(Type.Number()), {
  description: 'One vector for each text, L2 norm 1 if the model normalizes',
});
const Dimensions = Type.Integer({ description: 'Floats of one vector; 0 when there were no texts' });

export const EmbedResponse = Type.Object({
  embeddings: Vectors,
  dimensions: Dimensions,
  cached_count: Type.Integer({ description: 'Texts of this request that needed no inference' }),
});
export const EmbedBatchResponse = Type.Object({ embeddings: Vectors, dimensions: Dimensions });
export const IndexResponse = Type.Object({ indexed: Type.String() });
export const DeleteResponse = Type.Object({ deleted: Type.String() });
export const DocumentResponse = Type.Object({ id: Type.String(), text: Type.String(), metadata: Metadata });
export const SearchResponse = Type.Array(
  Type.Object({ id: Type.String(), text: Type.String(), score: Type.Number(), metadata: Metadata }),
  { description: 'Best first; equal scores by age, oldest first' },
);

const Count = Type.Integer();
export const StatsResponse = Type.Object(
  {
    model: Type.String(),
    index: Type.Object({ documents: Count }, { additionalProperties: true }),
    requests: Type.Object({ embed: Count, batch: Count, search: Count, index: Count }),
    cache: Type.Object({ hits: Count, misses: Count, hit_rate: Type.Number() }, { additionalProperties: true }),
  },
  { additionalProperties: true },
);
export const HealthResponse = Type.Object({ status: Type.String(), model_loaded: Type.Boolean() });
export const LiveResponse = Type.Object({ status: Type.String() });

const Sentence = Type.Object({ detail: Type.String() });
const Faults = Type.Object({
  detail: Type.Array(
    Type.Object({
      type: Type.String(),
      loc: Type.Array(Type.Union([Type.String(), Type.Integer()])),
      msg: Type.String(),
      input: Type.Unknown(),
      ctx: Type.Optional(Type.Object({}, { additionalProperties: true })),
    }),
  ),
});

/** The errors of a call that takes a JSON body, for the documentation. */
export const BODY_ERRORS = { 400: Sentence, 413: Sentence, 422: Faults, 429: Sentence, 500: Sentence, 503: Sentence };
export const NOT_FOUND_ERROR = { 404: Sentence };
export const FULL_ERROR = { 507: Sentence };
