/** All lists of trials: their ids, programs, charts, threads, seeds and data files. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { nameOf } from '../../src/data/data-set.ts';
import { SUITES } from '../../src/suites/suites.ts';
import { OPTIONS } from '../support/suites.ts';

for (const suite of SUITES) {
  for (const quick of [false, true]) {
    test(`${suite.name}${quick ? ' --quick' : ''}: ids are unique, programs exist, one subject leads`, () => {
      const trials = suite.trials({ ...OPTIONS, quick });
      assert.ok(trials.length > 0);
      assert.equal(new Set(trials.map(({ id }) => id)).size, trials.length);
      for (const { id, contenders } of trials) {
        const subjects = contenders.filter(({ role }) => role === 'subject');
        assert.ok(subjects.length <= 1 && (subjects.length === 0 || contenders[0] === subjects[0]), id);
        for (const { program } of contenders) {
          if (program.kind === 'native' || program.kind === 'missing') continue;
          const folder = program.kind === 'node' ? 'src/contenders' : 'peers';
          assert.ok(existsSync(fileURLToPath(new URL(`../../${folder}/${program.file}`, import.meta.url))), id);
        }
      }
    });
  }

  test(`${suite.name}: every chart has trials to show`, () => {
    const trials = suite.trials(OPTIONS);
    for (const { name, where } of suite.charts) {
      const shown = trials.filter(({ parameters }) =>
        Object.entries(where).every(([key, value]) => parameters[key] === value),
      );
      assert.ok(shown.length > 0, name);
    }
  });
}

test('every program gets the threads and the seed of its trial', () => {
  const options = { ...OPTIONS, seed: 77 };
  for (const { id, parameters, contenders } of SUITES.flatMap((suite) => suite.trials(options))) {
    for (const { name, program } of contenders) {
      if (program.kind === 'missing') continue;
      const spec = program.kind === 'native' ? program.args.join(' ') : JSON.stringify(program.spec);
      if (typeof parameters['threads'] === 'number') {
        const threads = name.endsWith(', 1 thread') ? 1 : parameters['threads'];
        assert.match(spec, new RegExp(`(--threads |"threads":)${threads}\\b`), id);
      }
      const seedless =
        /^(read|copy|instructions) /.test(spec) || (/"service"/.test(spec) === false && /"texts"|"trace"/.test(spec));
      if (!seedless && !id.startsWith('startup')) assert.match(spec, /--seed 77|"seed":77/, id);
    }
  }
});

test('every data file is named by its seed', () => {
  for (const set of SUITES.flatMap((suite) => suite.trials({ ...OPTIONS, seed: 77 })).flatMap(({ data }) => data)) {
    assert.match(nameOf(set), /-seed77$/);
  }
});
