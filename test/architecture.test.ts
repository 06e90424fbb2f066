/** The house as docs/architecture.md draws it: who may import whom, and where Node's native interface is. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** For each folder or file of src/ what it may import besides itself. Leaves import nothing of the project. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['app.ts', 'config', 'errors', 'http-threads', 'logger', 'metrics', 'native', 'service', 'start-engine'],
  'start-engine': [
    ...['cache', 'config', 'encoder', 'index', 'metrics', 'model', 'native', 'pipeline-options', 'service', 'store'],
    'vector-fingerprint',
  ],
  cli: [...['config', 'encoder', 'errors', 'model', 'pipeline-options', 'service', 'store', 'vector-fingerprint']],
  'http-threads': [
    ...['app.ts', 'cache', 'config', 'errors', 'http', 'logger', 'metrics', 'model', 'service', 'workers'],
  ],
  'app.ts': ['config', 'http', 'metrics', 'service'],
  http: ['config', 'errors', 'json', 'metrics', 'service'],
  service: ['cache', 'encoder', 'errors', 'index', 'metrics', 'model', 'store'],
  encoder: ['errors', 'model', 'native', 'workers'],
  workers: ['errors'],
  model: ['errors'],
  index: ['errors', 'native'],
  cache: ['native'],
  store: ['errors'],
  native: ['errors'],
  config: ['errors'],
  logger: ['config'],
  json: ['native'],
  metrics: ['cache', 'index'],
  'pipeline-options': ['config', 'encoder'],
  'vector-fingerprint': ['config', 'model'],
  errors: [],
};

function filesUnder(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .map((name) => join(ROOT, folder, name));
}

const read = (file: string) => readFileSync(file, 'utf8');
const sources = filesUnder('src', ['.ts']);

/** `http` for src/http/x.ts; `config` for src/config.ts; `main.ts` and `app.ts` are themselves. */
function unitOf(file: string): string {
  const [first = ''] = relative(join(ROOT, 'src'), file).split('/');
  return first === 'main.ts' || first === 'app.ts' ? first : first.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const specifiers = [...read(file).matchAll(/(?:from|import|new URL\()\s*\(?'(\.[^']+)'/g)].map(
    (match) => match[1] as string,
  );
  return specifiers.filter((name) => name.endsWith('.ts')).map((name) => join(dirname(file), name));
}

test('imports follow the direction of the design', () => {
  assert.ok(sources.length > 20);
  for (const file of sources) {
    const unit = unitOf(file);
    const allowed = MAY_IMPORT[unit];
    assert.ok(allowed, `src/${unit} has no place in the design`);
    for (const imported of importsOf(file)) {
      const target = unitOf(imported);
      assert.ok(
        target === unit || allowed.includes(target),
        `${relative(ROOT, file)} imports ${relative(ROOT, imported)}`,
      );
    }
  }
});

test('no import goes in a circle', () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    assert.ok(!path.includes(file), `circle: ${[...path, file].map((name) => relative(ROOT, name)).join(' → ')}`);
    if (done.has(file)) return;
    for (const imported of importsOf(file)) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
});

test('no default exports, no barrel files', () => {
  for (const file of sources) {
    assert.doesNotMatch(read(file), /^export default/m, file);
    assert.doesNotMatch(read(file), /^export (?:\*|\{[^}]*\}) from/m, file);
  }
});

test('napi.h is included in native/binding alone, and nothing reaches back', () => {
  const direction: Readonly<Record<string, RegExp>> = {
    core: /#include "(?:binding\/)|napi\.h|node_api\.h/,
    kernels: /#include "(?:binding|core)\/|napi\.h|node_api\.h/,
  };
  for (const [folder, forbidden] of Object.entries(direction)) {
    const files = filesUnder(join('native', folder), ['.cpp', '.h']);
    assert.ok(files.length > 0);
    for (const file of files) assert.doesNotMatch(read(file), forbidden, relative(ROOT, file));
  }
  const bindings = filesUnder(join('native', 'binding'), ['.cpp', '.h']);
  assert.ok(bindings.some((file) => read(file).includes('napi.h')));
});

test('the addon is loaded in one place', () => {
  const loaders = sources.filter((file) => read(file).includes(".node'"));
  assert.deepEqual(
    loaders.map((file) => relative(ROOT, file)),
    [join('src', 'native', 'binding.ts')],
  );
});
