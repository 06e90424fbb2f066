/** What a tokenizer makes nothing of costs it nothing, and the tokens are those of the whole text. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { describe, test } from 'vitest';
import { textShortener } from '../../../src/encoder/tokenizer/shorten-text.ts';
import { loadTokenizer } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { testModelDir } from '../../support/models/model.ts';

const dir = await testModelDir();
const json = JSON.parse(readFileSync(`${dir}/tokenizer.json`, 'utf8'));

/** Runs of one character each, of lengths about those that matter, and words between them. */
const CHARACTERS = [
  ...' \t\n\u3000\u00a0a9éßЖあ한語.[-\0\u0007\u200b\ufeff\u0301\u0327\u000b\u0085\u2028αעعक\u0e01\u1100\u1161ﷺ',
  'a\u0301',
  'b\0',
  'क\u093e',
  '\u1100\u1161\u11a8',
  '\u{1f600}',
  'houses ',
  '[MASK]',
];
/** One unit, so lone surrogates too, or a character of two. */
const anyCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0x1d400, max: 0x1fbff }))
  .map((code) => String.fromCodePoint(code));
const run = fc
  .tuple(
    fc.oneof(fc.constantFrom(...CHARACTERS), anyCharacter),
    fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 90, max: 300 })),
  )
  .map(([character, count]) => character.repeat(count));
const text = fc.array(run, { minLength: 1, maxLength: 8 }).map((runs) => runs.join(''));

describe('the tokens of a shortened text are those of the text', () => {
  for (const [name, change] of [
    ['as the model has it', {}],
    ['with accents kept', { strip_accents: false }],
    ['with case and accents kept', { lowercase: false }],
    ['with control characters kept', { clean_text: false }],
  ] as const) {
    test(name, async () => {
      const changed = { ...json, normalizer: { ...json.normalizer, ...change }, truncation: null, padding: null };
      const tokenizer = HuggingFaceTokenizer.fromString(JSON.stringify(changed));
      const shorten = textShortener(changed);
      assert.ok(shorten);
      const ids = async (of: string) => (await tokenizer.encode(of)).getIds();
      let shortened = 0;
      await fc.assert(
        fc.asyncProperty(text, async (whole) => {
          const short = shorten(whole);
          if (short.length < whole.length) shortened += 1;
          assert.deepEqual(await ids(short), await ids(whole));
        }),
        { numRuns: 300 },
      );
      assert.ok(shortened > 100, `${shortened}`);
    });
  }
});

test('each character of which words are cut makes one unknown word with others of its kind', async () => {
  const whole = { ...json, truncation: null, padding: null };
  const tokenizer = HuggingFaceTokenizer.fromString(JSON.stringify(whole));
  const shorten = textShortener(whole);
  assert.ok(shorten);
  const characters = Array.from({ length: 0x20000 }, (_, code) => String.fromCodePoint(code)).filter(
    (character) => !/^[\p{M}\p{C}\s]$/u.test(character) && shorten(character.repeat(300)).length < 300,
  );
  assert.ok(characters.length > 25_000, `${characters.length}`);
  const unknown = ['[CLS]', '[UNK]', '[SEP]'];
  for (let at = 0; at < characters.length; at += 1000) {
    const some = characters.slice(at, at + 1000);
    const encodings = await tokenizer.encodeBatch(some.map((character) => character.repeat(101)));
    encodings.forEach((encoding, index) => assert.deepEqual(encoding.getTokens(), unknown, some[index]));
  }
});

test('a tokenizer of another kind, or with an added token of letters, is left alone', () => {
  assert.equal(textShortener({ ...json, pre_tokenizer: { type: 'ByteLevel' } }), undefined);
  for (const content of ['word', 'a-b', 'é', ' x', '<a b>'])
    assert.equal(
      textShortener({ ...json, added_tokens: [...json.added_tokens, { id: 1, content }] }),
      undefined,
      content,
    );
});

test('8 MB that come to nothing take no longer than their reading', async () => {
  const tokenizer = await loadTokenizer(dir, { maxSeqLength: 256, vocabSize: 30_522 });
  for (const character of [
    ' ',
    '\n',
    'a',
    '\u0301',
    '\0',
    'α',
    'ع',
    'ก',
    'a\u0301',
    'a\0',
    '═',
    '😀',
    '𝐚',
    'ａ',
    '½',
  ]) {
    const started_ms = performance.now();
    const [tokens] = await tokenizer.tokenize([character.repeat(8e6 / Buffer.byteLength(character))]);
    const elapsed_ms = performance.now() - started_ms;
    assert.ok((tokens?.ids.length ?? 0) <= 3);
    // Without shortening, 4 to 12 seconds.
    assert.ok(elapsed_ms < 1500, `${JSON.stringify(character)}: ${elapsed_ms} ms`);
  }
});
