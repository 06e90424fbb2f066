/** Tokenizers of each kind: truncation and its report, and vocabularies that don't fit the model. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { afterAll, describe, test } from 'vitest';
import { loadTokenizer, type TokenizedText } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { readModelConfig } from '../../../src/model/model-config.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/models/', import.meta.url));
const KINDS = { WordPiece: 'bert-mean', 'byte pairs': 'roberta', Unigram: 'xlm-roberta' };
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-tokenizer-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The library itself, which tokenizes the whole text. */
function wholeTokenizer(dir: string): HuggingFaceTokenizer {
  const whole = HuggingFaceTokenizer.fromFile(join(dir, 'tokenizer.json'));
  whole.disableTruncation();
  whole.disablePadding();
  return whole;
}

describe('truncation is that of the whole text, and said exactly', () => {
  const pieces = [
    'a mouse',
    ' ',
    'houses',
    '\n',
    'é',
    '漢字',
    '😀',
    '<pad>',
    '[SEP]',
    '!',
    'x'.repeat(130),
    '  ',
    '\u0301',
  ];
  const texts = fc.array(fc.tuple(fc.constantFrom(...pieces), fc.nat(40)), { maxLength: 8 });

  for (const [name, model] of Object.entries(KINDS)) {
    test(name, async () => {
      const dir = FIXTURES + model;
      const config = await readModelConfig(dir);
      const whole = wholeTokenizer(dir);
      const ends = 2;
      // Limits near the texts' lengths, so cuts fall at any place. Long texts exceed the first prefix.
      for (const maxSeqLength of [3, 20, 700]) {
        const tokenizer = await loadTokenizer(dir, { ...config, maxSeqLength });
        await fc.assert(
          fc.asyncProperty(texts, async (parts) => {
            const text = parts
              .map(([piece, times]) => piece.repeat(times))
              .join('')
              .repeat(3);
            const ids = (await whole.encode(text)).getIds();
            const expected =
              ids.length > maxSeqLength ? [...ids.slice(0, maxSeqLength - 1), ids.at(-1) as number] : ids;
            const [alone] = (await tokenizer.tokenize([text])) as [TokenizedText];
            const [, inBatch] = (await tokenizer.tokenize(['other', text])) as [TokenizedText, TokenizedText];
            assert.deepEqual([...alone.ids], expected);
            assert.deepEqual([...inBatch.ids], expected);
            assert.deepEqual([alone.truncated, inBatch.truncated], Array(2).fill(ids.length > maxSeqLength));
          }),
          { numRuns: 60 },
        );
        const words = (count: number) => tokenizer.tokenize(['houses '.repeat(count).trim()]);
        const perWord = (await whole.encode('houses houses')).getLength() - (await whole.encode('houses')).getLength();
        const fitting = Math.floor((maxSeqLength - ends) / perWord) - 1;
        assert.equal((await words(Math.max(0, fitting)))[0]?.truncated, false);
        assert.equal((await words(fitting + 4))[0]?.truncated, true);
      }
    });
  }
});

test('a word that the first prefix cuts has the same tokens as in the whole text', async () => {
  const dir = FIXTURES + KINDS.WordPiece;
  const whole = wholeTokenizer(dir);
  // The first prefix has 6 · (1001 + 100) characters and ends inside the word.
  const before = 'a     '.repeat(1000) + ' '.repeat(6 * (1001 + 100) - 6000 - 48);
  const word = 'e'.repeat(150); // too long for WordPiece: the word is one [UNK], its beginning alone many pieces
  assert.ok((await whole.encode(`${before}${word.slice(0, 48)}`)).getLength() > 1030);
  const ids = (await whole.encode(before + word)).getIds();
  assert.equal(ids.length, 1003);
  const config = await readModelConfig(dir);
  for (const [maxSeqLength, truncated] of [
    [1003, false],
    [1002, true],
  ] as const) {
    const tokenizer = await loadTokenizer(dir, { ...config, maxSeqLength });
    const [tokens] = await tokenizer.tokenize([before + word]);
    assert.deepEqual([...(tokens?.ids ?? [])], [...ids.slice(0, maxSeqLength - 1), ids.at(-1)]);
    assert.equal(tokens?.truncated, truncated);
  }
});

describe('a vocabulary past vocab_size is refused with both numbers', () => {
  const refused: [name: string, model: string, change: (json: TokenizerFile) => void, message: RegExp][] = [
    [
      'WordPiece',
      'bert-mean',
      ({ model }) => Object.assign(model.vocab, { zyzzyva: 110 }),
      /the token "zyzzyva" with the id 110, but config\.json's vocab_size is 110: it belongs to another model\.$/,
    ],
    [
      'Unigram',
      'xlm-roberta',
      ({ model }) => (model.vocab as unknown as unknown[]).push(['zyzzyva', -9]),
      /the token "zyzzyva" with the id \d+, but config\.json's vocab_size is \d+/,
    ],
    [
      'an added token',
      'roberta',
      ({ added_tokens: added }) => added.push({ ...(added[0] as object), id: 4096, content: '<new>' }),
      /the token "<new>" with the id 4096, but config\.json's vocab_size is 300/,
    ],
  ];
  interface TokenizerFile {
    readonly model: { readonly vocab: Record<string, number> };
    readonly added_tokens: object[];
  }
  for (const [name, model, change, message] of refused) {
    test(name, async () => {
      const dir = mkdtempSync(join(scratch, 'model-'));
      cpSync(FIXTURES + model, dir, { recursive: true });
      const config = await readModelConfig(dir);
      await loadTokenizer(dir, config);
      const path = join(dir, 'tokenizer.json');
      const json = JSON.parse(readFileSync(path, 'utf8')) as TokenizerFile;
      change(json);
      writeFileSync(path, JSON.stringify(json));
      await assert.rejects(loadTokenizer(dir, config), { code: 'model_invalid', message });
    });
  }
});
