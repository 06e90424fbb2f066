/** Sentences of a machine's documentation, and the file of their vectors. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import {
  paragraphsOfDescriptions,
  paragraphsOfManual,
  paragraphsOfPage,
  sentencesOf,
} from '../src/data/documentation.ts';
import { encodeUpTo } from '../src/data/sentence-vectors.ts';
import { testModelDir } from './support/model-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-documentation-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('descriptions: the short one, and the paragraphs and items of the long one', () => {
  const list = [
    'Package: abacus',
    'Description-en: small counting tool',
    ' It counts beads on wires,',
    ' one after another.',
    ' .',
    ' It can:',
    '  * add',
    'Description-md5: 0123456789abcdef',
    '',
    'Package: bead',
    'Description: round thing',
    'Homepage: https://example.org',
    '',
  ].join('\n');
  const paragraphs = [...paragraphsOfDescriptions(list)].map((text) => text.replaceAll(/\s+/g, ' ').trim());
  assert.deepEqual(paragraphs, [
    'small counting tool.',
    'It counts beads on wires, one after another.',
    'It can:',
    'add',
    'round thing.',
    '',
  ]);
});

test('manuals: running text without macros and escapes; macros of fonts go on in the sentence, others end a paragraph', () => {
  const source = [
    '.TH ABACUS 1',
    '.SH DESCRIPTION',
    'The',
    '.B abacus',
    'counts \\fIbeads\\fP on a \\-w wire.',
    '.PP',
    'Another paragraph.',
  ].join('\n');
  assert.deepEqual([...paragraphsOfManual(source)], ['The abacus counts beads on a -w wire.', 'Another paragraph.']);
});

test('pages: the text of blocks, without tags, scripts and listings', () => {
  const html =
    '<head><title>Nothing of the head is taken</title></head><body><p>Beads &amp; wires make an <b>abacus</b> here.</p>' +
    '<script>var nothing = "of a script is taken";</script><pre>nor of a listing, however long it is</pre><li>short</li></body>';
  assert.deepEqual([...paragraphsOfPage(html)], ['Beads & wires make an abacus here.']);
});

test('sentences: prose of 25 to 300 characters and four words or more, line breaks and repeated blanks taken as one blank', () => {
  const paragraph =
    'The first sentence counts\n  its beads. It is so and so. x = a[1] + b[2] * c[3] / d[4]; } else { return 0x1f; }';
  assert.deepEqual([...sentencesOf(paragraph)], ['The first sentence counts its beads.']);
  assert.deepEqual([...sentencesOf(`${'A bead is round and so on '.repeat(12)}.`)], []);
  const lengths = (...texts: string[]) => texts.map((text) => [...sentencesOf(text)].length);
  assert.deepEqual(
    lengths('Beads and wires count so.', 'Beads and wires count in.'.slice(1)),
    [1, 0],
    '25 and 24 characters',
  );
  const long = `${'beads '.repeat(49)}beads.`;
  assert.deepEqual([long.length, ...lengths(long, `a${long}`)], [300, 1, 0]);
  const words = ['Counting misunderstandings takes time.', 'Counterrevolutionary misunderstandings happen.'];
  assert.deepEqual(lengths(...words), [1, 0], 'four words and three');
});

describe('the file of vectors', () => {
  const sentences = [
    'An abacus counts beads on wires.',
    'The weather will be fine tomorrow.',
    'Beads on a wire help to count.',
    'Rain is expected in the north.',
    'A recipe for bread without yeast.',
  ];
  const rowBytes = 384 * 4;

  test('grows, and goes on behind the last whole vector of a killed run', async () => {
    const source = { modelDir: await testModelDir(), threads: 2, log() {} };
    const [whole, grown] = [join(folder, 'whole.f32'), join(folder, 'grown.f32')];
    await encodeUpTo(sentences, whole, 384, source);
    await encodeUpTo(sentences.slice(0, 2), grown, 384, source);
    assert.equal(statSync(grown).size, 2 * rowBytes);
    const mark = Buffer.alloc(rowBytes, 7);
    writeFileSync(grown, Buffer.concat([mark, readFileSync(grown).subarray(rowBytes), Buffer.alloc(100, 7)]));
    await encodeUpTo(sentences, grown, 384, source);
    const vectors = (path: string) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
    const [a, b] = [vectors(whole), vectors(grown)];
    assert.equal(b.length, sentences.length * 384);
    assert.deepEqual(readFileSync(grown).subarray(0, rowBytes), mark, 'vectors that are there stay');
    assert.ok(a.subarray(384).every((value, i) => Math.abs(value - (b[384 + i] as number)) < 1e-6));
    const cosine = (i: number, j: number) =>
      a.subarray(i * 384, (i + 1) * 384).reduce((sum, value, at) => sum + value * (a[j * 384 + at] as number), 0);
    assert.ok(cosine(0, 2) > cosine(0, 1) + 0.3, 'each sentence has its own vector');
  });

  test('stays as it is when it has all that are wanted', async () => {
    const source = { modelDir: join(folder, 'no model'), threads: 2, log() {} };
    const path = join(folder, 'enough.f32');
    writeFileSync(path, Buffer.alloc(4 * rowBytes, 7));
    await encodeUpTo(sentences.slice(0, 3), path, 384, source);
    assert.deepEqual(readFileSync(path), Buffer.alloc(4 * rowBytes, 7));
  });
});
