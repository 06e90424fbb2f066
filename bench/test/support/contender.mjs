/** A contender that does what its spec says: logs each line it gets, fails where it should, leaves a child behind. */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { name, log, values = [], missing, failAt, noise, child, hang } = JSON.parse(process.argv[2]);
const say = (reply) => process.stdout.write(`${JSON.stringify(reply)}\n`);
const note = (what) => appendFileSync(log, `${name} ${what}\n`);

note(`pid ${process.pid}`);
if (child) note(`child ${spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid}`);
if (noise) process.stdout.write('loading model ...\n');
if (missing) {
  say({ missing });
  process.exit(0);
}
say({ ready: { versions: { [name]: '1.0' } } });
let round = 0;
for await (const line of createInterface({ input: process.stdin })) {
  note(line);
  if (hang) await new Promise(() => setInterval(() => {}, 1000));
  if (line === 'round') {
    round += 1;
    if (failAt === round) {
      console.error('a line on standard error');
      process.exit(3);
    }
    say({ round: { value: values[round - 1] ?? 1 } });
  } else say({ answers: { ids: [[1, 2]], scores: [[0.9, name === 'wrong' ? 0.1 : 0.5]] } });
}
note('end');
