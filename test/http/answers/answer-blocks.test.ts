/** Memory of answers: a body never changes before it is released, and released memory is used again. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { AnswerBlocks } from '../../../src/http/answers/answer-blocks.ts';
import { seededRandom } from '../../support/random.ts';

const SEED = 20261123;

/** Takes a body of `bytes` bytes of this value, with room for more. */
function fill(blocks: AnswerBlocks, bytes: number, value: number, room = bytes) {
  const written = blocks.write(room, (memory, start) => {
    memory.fill(value, start, start + bytes);
    return start + bytes;
  });
  assert.ok(written !== undefined);
  return written;
}

test('bodies keep their bytes until they are released, whatever comes and goes meanwhile', () => {
  const random = seededRandom(SEED);
  const blocks = new AnswerBlocks();
  const live: { body: Buffer; release: () => void; bytes: number; value: number }[] = [];
  const memories = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20_000; i += 1) {
    const bytes = random.integer(20) === 0 ? random.integer(300_000) : random.integer(10_000);
    const value = random.integer(256);
    live.push({ ...fill(blocks, bytes, value, bytes + random.integer(1000)), bytes, value });
    memories.add((live.at(-1) as { body: Buffer }).body.buffer);
    while (live.length > random.integer(40)) {
      const [gone] = live.splice(random.integer(live.length), 1);
      assert.ok(gone !== undefined);
      assert.equal(gone.body.length, gone.bytes);
      assert.ok(gone.body.equals(Buffer.alloc(gone.bytes, gone.value)), `body ${i} was overwritten (seed ${SEED})`);
      gone.release();
    }
  }
  assert.ok(memories.size < 2000, `${memories.size} blocks for 20,000 bodies`);
});

test('a body that could not be written takes no room', () => {
  const blocks = new AnswerBlocks();
  const first = fill(blocks, 10, 1, 100);
  assert.equal(
    blocks.write(100, () => -1),
    undefined,
  );
  const second = fill(blocks, 10, 2, 100);
  assert.equal(second.body.byteOffset, first.body.byteOffset + 10);
});

test('what is kept for later is bounded', () => {
  const blocks = new AnswerBlocks();
  const large = Array.from({ length: 20 }, () => fill(blocks, 1 << 20, 1));
  const before = new Set(large.map(({ body }) => body.buffer));
  assert.equal(before.size, 20);
  for (const { release } of large) release();
  const again = Array.from({ length: 20 }, () => fill(blocks, 1 << 20, 2));
  const reused = again.filter(({ body }) => before.has(body.buffer)).length;
  assert.ok(reused >= 4 && reused <= 5, `${reused} of 20 mebibytes were kept`);
});
