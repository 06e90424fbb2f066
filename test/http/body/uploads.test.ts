/** Bodies under way: which of them are refused when there are too many bytes, and when the process stood still. */
import assert from 'node:assert/strict';
import { onTestFinished, test, vi } from 'vitest';
import { BodyBytes } from '../../../src/http/body/body-bytes.ts';
import { type RefusalReason, type Upload, Uploads } from '../../../src/http/body/uploads.ts';

const LIMITS = { bytesMax: 128_000, idle_ms: 1000, grace_ms: 1000, bytesPerS: 1000 };
const PIECE = Buffer.alloc(500);

/** A client that sends bodies of `size` bytes one after another, a piece a round. */
class Client {
  readonly #uploads: Uploads;
  readonly #size: number;
  #upload: Upload | undefined;
  completed = 0;
  refused = 0;

  constructor(uploads: Uploads, size: number) {
    this.#uploads = uploads;
    this.#size = size;
  }

  send(): void {
    this.#upload ??= this.#begin();
    const upload = this.#upload;
    upload.body.append(PIECE, this.#size);
    this.#uploads.grown(upload, PIECE.length);
    if (this.#upload === undefined || upload.body.length < this.#size) return;
    this.#uploads.end(upload);
    this.#upload = undefined;
    this.completed += 1;
  }

  #begin(): Upload {
    const refuse = (reason: RefusalReason) => {
      assert.equal(reason, 'too many bytes');
      this.refused += 1;
      this.#upload = undefined;
    };
    const upload = { body: new BodyBytes(), refuse };
    this.#uploads.begin(upload);
    return upload;
  }
}

test('large bodies come in although there are always too many of them, and small ones are never refused', () => {
  const uploads = new Uploads(LIMITS);
  const large = Array.from({ length: 20 }, () => new Client(uploads, 32_000));
  const small = new Client(uploads, 1000);
  for (let round = 0; round < 2000; round += 1) {
    for (const client of [...large, small]) client.send();
    assert.ok(uploads.bytes <= LIMITS.bytesMax);
  }
  const sum = (of: 'completed' | 'refused') => large.reduce((count, client) => count + client[of], 0);
  // Four fit at a time, and a body takes 64 rounds.
  assert.ok(sum('completed') > 60, `${sum('completed')}`);
  assert.ok(sum('refused') > 100, `${sum('refused')}`);
  assert.deepEqual([small.completed, small.refused], [1000, 0]);
});

test('the oldest large body is spared, even when it is the only large one', () => {
  const uploads = new Uploads(LIMITS);
  const refused: string[] = [];
  const begin = (name: string, bytes: number) => {
    const upload = { body: new BodyBytes(), refuse: () => refused.push(name) };
    uploads.begin(upload);
    upload.body.append(Buffer.alloc(bytes), bytes);
    uploads.grown(upload, bytes);
  };
  begin('oldest', 31_000);
  for (const name of ['a', 'b', 'c', 'd', 'e']) begin(name, 20_000);
  assert.deepEqual(refused, ['e']);
  begin('tiny', 10);
  begin('f', 19_000);
  assert.deepEqual(refused, ['e', 'f']);
});

test('a body is not too slow because the process stood still', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const uploads = new Uploads(LIMITS);
  const reasons: RefusalReason[] = [];
  const upload = { body: new BodyBytes(), refuse: (reason: RefusalReason) => reasons.push(reason) };
  uploads.begin(upload);
  upload.body.append(PIECE, 32_000);
  uploads.grown(upload, PIECE.length);
  vi.advanceTimersByTime(500);
  const { now } = performance;
  const pause = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 60_000);
  vi.advanceTimersByTime(900);
  assert.deepEqual(reasons, [], 'what came meanwhile has not been read yet');
  vi.advanceTimersByTime(800);
  assert.deepEqual(reasons, ['too slow'], 'nothing has come');
  pause.mockRestore();
});
