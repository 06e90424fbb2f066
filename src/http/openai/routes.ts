/** POST /v1/embeddings and GET /v1/models, for OpenAI's clients. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { TimeSlice } from '../../base/time-slice.ts';
import type { EngineHolder, ServedModel } from '../../service/engine.ts';
import { areInVocabulary, toModelInput } from '../../service/token-ids.ts';
import { answerSignal } from '../answer-signal.ts';
import { sendJson } from '../answers/send-json.ts';
import type { OpenAiBody } from './body.ts';
import { openAiJson, truncateVector } from './embeddings-json.ts';
import { OpenAiRefusal } from './errors.ts';
import {
  ModelParams,
  OPENAI_ERRORS,
  OpenAiModel,
  OpenAiModels,
  OpenAiRequest,
  OpenAiResponse,
  OrganizationParams,
} from './schemas.ts';

interface Embedded {
  readonly vectors: readonly Float32Array[];
  /** Tokens of all inputs, as the model sees them. */
  readonly tokens: number;
  readonly truncatedTexts: number;
}

interface OpenAiLimits {
  /** Most inputs of one request. */
  readonly inputsMax: number;
  /** Inputs that are encoded at once: a request of more lets others in between. */
  readonly batchSizeMax: number;
}

export function openAiRoutes(
  app: FastifyInstance,
  holder: EngineHolder,
  { inputsMax, batchSizeMax }: OpenAiLimits,
): void {
  app.post<{ Body: OpenAiBody }>(
    '/v1/embeddings',
    {
      schema: {
        summary: "OpenAI's embeddings call",
        body: OpenAiRequest,
        response: { 200: OpenAiResponse, ...OPENAI_ERRORS },
      },
    },
    async (request, reply) => {
      const { model: asked, input, encoding_format: encodingFormat, dimensions } = request.body;
      const { model } = holder.engine;
      requireModel(model, asked);
      if (input.length > inputsMax)
        throw new OpenAiRefusal(400, `'input' holds more than ${inputsMax} inputs, the maximum.`, 'input');
      if (dimensions !== undefined && dimensions > model.dimensions)
        throw new OpenAiRefusal(400, `This model has ${model.dimensions} dimensions, not ${dimensions}.`, 'dimensions');
      const { vectors, tokens, truncatedTexts } = await embedInBatches(input, answerSignal(reply));
      const short = dimensions === undefined || dimensions === model.dimensions;
      const body = await openAiJson({
        vectors: short ? vectors : vectors.map((vector) => truncateVector(vector, dimensions)),
        model: model.name,
        encodingFormat,
        usage: { prompt_tokens: tokens, total_tokens: tokens, truncated_texts: truncatedTexts },
      });
      return sendJson(reply, 200, body);
    },
  );

  async function embedInBatches(input: OpenAiBody['input'], signal: AbortSignal): Promise<Embedded> {
    const isText = typeof input[0] === 'string';
    if (!isText) await requireVocabulary(input as readonly (readonly number[])[], holder.engine.model);
    const vectors: Float32Array[] = [];
    let tokens = 0;
    let truncatedTexts = 0;
    for (let start = 0; start < input.length; start += batchSizeMax) {
      const batch = input.slice(start, start + batchSizeMax);
      const embedded = await (isText
        ? holder.engine.embeddings.embedCounted(batch as readonly string[], { signal })
        : embedTokens(batch as readonly (readonly number[])[], signal));
      vectors.push(...embedded.vectors);
      tokens += embedded.tokens;
      truncatedTexts += embedded.truncatedTexts;
    }
    return { vectors, tokens, truncatedTexts };
  }

  async function embedTokens(inputs: readonly (readonly number[])[], signal: AbortSignal): Promise<Embedded> {
    const { embeddings, model } = holder.engine;
    const texts = inputs.map((ids) => toModelInput(ids, model));
    return {
      vectors: await embeddings.embedTokens(
        texts.map(({ ids }) => ids),
        signal,
      ),
      tokens: texts.reduce((sum, { ids }) => sum + ids.length, 0),
      truncatedTexts: texts.filter(({ truncated }) => truncated).length,
    };
  }

  app.get(
    '/v1/models',
    { schema: { summary: 'The model that is served', response: { 200: OpenAiModels, ...OPENAI_ERRORS } } },
    (_request, reply) => {
      const data = [describeModel(holder.engine.model)];
      return sendJson(reply, 200, JSON.stringify({ object: 'list', data }));
    },
  );

  const modelByName = (asked: string, reply: FastifyReply) => {
    const { model } = holder.engine;
    requireModel(model, asked);
    return sendJson(reply, 200, JSON.stringify(describeModel(model)));
  };
  const byName = {
    summary: 'A model, if it is the one that is served',
    response: { 200: OpenAiModel, ...OPENAI_ERRORS },
  };
  // A full name has a slash. Clients percent-encode it, people don't.
  app.get<{ Params: { model: string } }>(
    '/v1/models/:model',
    { schema: { ...byName, params: ModelParams } },
    (request, reply) => modelByName(request.params.model, reply),
  );
  app.get<{ Params: { organization: string; model: string } }>(
    '/v1/models/:organization/:model',
    { schema: { ...byName, params: OrganizationParams } },
    ({ params }, reply) => modelByName(`${params.organization}/${params.model}`, reply),
  );
}

/** Looks with pauses: a body has room for millions of ids. */
async function requireVocabulary(inputs: readonly (readonly number[])[], model: ServedModel): Promise<void> {
  const slice = new TimeSlice();
  for (const ids of inputs) {
    if (!areInVocabulary(ids, model))
      throw new OpenAiRefusal(400, `'input' holds a token id that is not below ${model.vocabSize}.`, 'input');
    await slice.turn();
  }
}

function requireModel({ name, aliases }: ServedModel, asked: string): void {
  if (aliases.includes(asked)) return;
  const message = `The model '${asked}' does not exist here; this service has '${name}'.`;
  throw new OpenAiRefusal(404, message, 'model', 'model_not_found');
}

function describeModel({ name, loaded_s }: ServedModel): object {
  return { id: name, object: 'model', created: loaded_s, owned_by: name.includes('/') ? name.split('/')[0] : 'cosimo' };
}
