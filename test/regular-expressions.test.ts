/** No regular expression of the service takes more than linear time: clients choose the text that it reads. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { type Literal, type Node, parse } from 'acorn';
import { simple } from 'acorn-walk';
import { checkSync } from 'recheck';
import { test } from 'vitest';

const ROOT = new URL('..', import.meta.url);

interface Expression {
  readonly source: string;
  readonly flags: string;
}

function expressionsOf(file: string): Expression[] {
  const program = stripTypeScriptTypes(readFileSync(new URL(file, ROOT), 'utf8'));
  const found: Expression[] = [];
  simple(parse(program, { ecmaVersion: 'latest', sourceType: 'module' }), {
    Literal(node: Node) {
      const { regex } = node as Literal;
      if (regex) found.push({ source: regex.pattern, flags: regex.flags });
    },
  });
  return found;
}

function complexity({ source, flags }: Expression): string {
  const checked = checkSync(source, flags);
  return checked.status === 'unknown' ? checked.status : checked.complexity.type;
}

test('the checker finds a quadratic expression', () => {
  assert.equal(complexity({ source: '^[0-9]+\\.?[0-9]*$', flags: '' }), 'polynomial');
});

test('every regular expression of src/ is linear', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT });
  const expressions = files.flatMap((file) => expressionsOf(file).map((each) => ({ ...each, file })));
  assert.ok(expressions.length > 20, `${expressions.length} expressions`);
  const slow = expressions.flatMap((each) => {
    const type = complexity(each);
    return type === 'safe' || type === 'linear' ? [] : [`${each.file}: /${each.source}/${each.flags} is ${type}`];
  });
  assert.deepEqual(slow, []);
});
