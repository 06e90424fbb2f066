/** Cleans up what a test, or a whole file, has opened. */
import { afterAll, onTestFinished, TestRunner } from 'vitest';

/** Runs `clean` when the running test ends; called outside of tests, when the file or its `describe` ends. */
export function atEnd(clean: () => unknown): void {
  const run = async () => void (await clean());
  if (TestRunner.getCurrentTest() === undefined) afterAll(run);
  else onTestFinished(run);
}
