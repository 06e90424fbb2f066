/** Bytes of an answer count until it is over, whenever that is. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { AnswerBudget } from '../../src/service/answer-budget.ts';

test('bytes come back when the answer is over', () => {
  const budget = new AnswerBudget(100);
  const over = new AbortController();
  budget.open(over.signal)(100);
  assert.throws(() => budget.open(new AbortController().signal)(1), { code: 'queue_full' });
  over.abort();
  budget.open(new AbortController().signal)(100);
});

test('an answer that is over takes none', () => {
  const budget = new AnswerBudget(100);
  assert.throws(() => budget.open(AbortSignal.abort())(100), { code: 'cancelled' });
  budget.open(new AbortController().signal)(100);
});
