/** What a person sees during a run: a bar on a terminal, and each trial's figures as soon as the trial ends. */
import { SingleBar } from 'cli-progress';
import { trialLines } from './report/format.ts';
import type { RunProgress } from './trial/run-suite.ts';

const DOING_CHARS = 60;

/** @param stream gets the bar; figures go to standard output */
export function showProgress(stream: NodeJS.WriteStream): RunProgress {
  let bar: SingleBar | undefined;
  let suite = '';
  let [done, trials] = [0, 0];
  const start = () => {
    if (!stream.isTTY || trials === 0) return;
    bar = new SingleBar({
      format: `${suite} [{bar}] {value}/{total} {doing}`,
      stream,
      hideCursor: false,
      clearOnComplete: true,
    });
    bar.start(trials, done, { doing: '' });
  };
  return {
    begin(name, count) {
      [suite, trials, done] = [name, count, 0];
      console.log(`\n## ${name}: ${count} trials; ratio: how many times better the first line of a trial is`);
      start();
    },
    doing: (what) => bar?.update(done, { doing: what.slice(0, DOING_CHARS) }),
    trialDone(trial) {
      done += 1;
      bar?.stop(); // the bar keeps the last line: take it away, write above, draw it again
      console.log(trialLines(trial).join('\n'));
      if (done < trials) start();
    },
    end: () => bar?.stop(),
  };
}
