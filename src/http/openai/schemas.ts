/** What OpenAI's calls take and give, for the documentation; `body.ts` validates. */
import { Type } from 'typebox';
import { OPENAI_BODY } from './body.ts';

const TokenIds = Type.Array(Type.Integer(), {
  description: 'Token ids; [CLS] and [SEP] are added where they are missing',
});

export const OpenAiRequest = Type.Object(
  {
    model: Type.String({ description: 'Full name of the model, or its last part' }),
    input: Type.Union([Type.String(), Type.Array(Type.String()), TokenIds, Type.Array(TokenIds)]),
    encoding_format: Type.Optional(
      Type.Enum(['float', 'base64'], { description: 'base64: of little-endian float32', default: 'float' }),
    ),
    dimensions: Type.Optional(
      Type.Integer({ description: 'Only this many of the first numbers of each vector, renormalized' }),
    ),
  },
  { $id: OPENAI_BODY },
);

export const OpenAiResponse = Type.Object({
  object: Type.String(),
  data: Type.Array(
    Type.Object({
      object: Type.String(),
      index: Type.Integer(),
      embedding: Type.Union([Type.Array(Type.Number()), Type.String()]),
    }),
  ),
  model: Type.String(),
  usage: Type.Object({
    prompt_tokens: Type.Integer({ description: 'Tokens as the model sees them' }),
    total_tokens: Type.Integer(),
    truncated_texts: Type.Integer({ description: 'Inputs that had more tokens than the model sees' }),
  }),
});

export const ModelParams = Type.Object({ model: Type.String() });
export const OrganizationParams = Type.Object({ organization: Type.String(), model: Type.String() });

export const OpenAiModel = Type.Object({
  id: Type.String(),
  object: Type.String(),
  created: Type.Integer({ description: 'When it was loaded' }),
  owned_by: Type.String(),
});
export const OpenAiModels = Type.Object({ object: Type.String(), data: Type.Array(OpenAiModel) });

const OpenAiError = Type.Object({
  error: Type.Object({
    message: Type.String(),
    type: Type.String(),
    param: Type.Union([Type.String(), Type.Null()]),
    code: Type.Union([Type.String(), Type.Null()]),
  }),
});
export const OPENAI_ERRORS = {
  400: OpenAiError,
  404: OpenAiError,
  413: OpenAiError,
  429: OpenAiError,
  500: OpenAiError,
  503: OpenAiError,
};
