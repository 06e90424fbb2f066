/** The allowed direction of imports and includes, as one table, and tests that check code and table. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Who may import whom. The rule of a file is the one whose key is the file itself, else the nearest folder above it.
 * `FOLDER` allows the files that lie in it, `FOLDER/**` those of its folders too. A folder may always import itself.
 */
type Rules = Readonly<Record<string, readonly string[]>>;

const IMPORTS: Rules = {
  // The process: only these files put concrete parts together.
  'src/main.ts': [
    'src/config.ts',
    'src/errors.ts',
    'src/logger.ts',
    'src/service.ts',
    'src/signals.ts',
    'src/start-engine.ts',
    'src/native',
  ],
  'src/service.ts': [
    'src/app.ts',
    'src/config.ts',
    'src/start-engine.ts',
    'src/http-threads',
    'src/metrics',
    'src/service',
  ],
  'src/start-engine.ts': [
    'src/config.ts',
    'src/cache',
    'src/encoder',
    'src/encoder/queue',
    'src/index',
    'src/metrics',
    'src/model/**',
    'src/native',
    'src/progress.ts',
    'src/service',
    'src/store',
  ],
  'src/app.ts': ['src/config.ts', 'src/http/**', 'src/metrics', 'src/service'],
  'src/cli': [
    'src/config.ts',
    'src/errors.ts',
    'src/progress.ts',
    'src/signals.ts',
    'src/encoder',
    'src/encoder/cuda',
    'src/encoder/queue',
    'src/model/**',
    'src/service',
    'src/store/lmdb',
  ],
  'src/logger.ts': ['src/config.ts'],

  // Leaves.
  'src/config.ts': ['src/errors.ts'],
  'src/errors.ts': [],
  'src/base': [],
  'src/progress.ts': [],
  'src/signals.ts': [],

  // http → service → encoder | index | cache | store → native
  'src/http-threads': [
    'src/app.ts',
    'src/config.ts',
    'src/errors.ts',
    'src/logger.ts',
    'src/cache',
    'src/http',
    'src/metrics',
    'src/model',
    'src/service',
    'src/workers',
  ],
  'src/http': ['src/config.ts', 'src/errors.ts', 'src/http/answers', 'src/http/body', 'src/metrics', 'src/service'],
  'src/http/body': ['src/config.ts', 'src/errors.ts', 'src/http', 'src/http/body/thread', 'src/http/openai'],
  'src/http/body/thread': ['src/errors.ts', 'src/base', 'src/http/body', 'src/workers'],
  'src/http/openai': ['src/base', 'src/http', 'src/http/answers', 'src/http/body', 'src/json', 'src/service'],
  'src/http/answers': ['src/base', 'src/json', 'src/service'],
  'src/service': [
    'src/errors.ts',
    'src/base',
    'src/cache',
    'src/encoder/queue',
    'src/index',
    'src/metrics',
    'src/model',
    'src/store',
  ],
  'src/metrics': ['src/cache', 'src/index'],
  'src/store': [],
  'src/store/open-store.ts': ['src/store', 'src/store/lmdb'],
  'src/store/lmdb': ['src/errors.ts', 'src/base', 'src/native', 'src/store'],
  'src/index': ['src/errors.ts', 'src/native'],
  'src/cache': ['src/native'],
  'src/json': ['src/native'],
  'src/native': ['src/errors.ts'],

  // The encoder: its folders know the interface, and only `encoder` itself knows which of them there are.
  'src/encoder': ['src/errors.ts', 'src/base', 'src/encoder/**', 'src/model', 'src/native', 'src/workers'],
  'src/encoder/pipeline-options.ts': ['src/config.ts', 'src/encoder', 'src/model'],
  'src/encoder/queue': ['src/errors.ts', 'src/encoder/tokenizer'],
  'src/encoder/tokenizer': ['src/errors.ts', 'src/encoder', 'src/model', 'src/workers'],
  'src/encoder/native': ['src/errors.ts', 'src/encoder', 'src/model', 'src/native'],
  'src/encoder/onnx': ['src/errors.ts', 'src/encoder', 'src/encoder/cuda', 'src/model', 'src/workers'],
  'src/encoder/cuda': ['src/base', 'src/model/source', 'src/native'],
  'src/workers': ['src/errors.ts'],
  'src/model': ['src/errors.ts'],
  'src/model/source': ['src/errors.ts', 'src/base', 'src/progress.ts', 'src/model', 'src/model/source/transfer'],
  'src/model/source/transfer': ['src/errors.ts', 'src/base', 'src/progress.ts', 'src/model/source'],

  // Tests know what they test, the benchmark knows what it measures, and neither knows the other.
  test: ['src/**', 'test/**', 'scripts'],
  bench: ['src/**', 'bench/**', 'scripts'],
  scripts: [],
  'scripts/ci': ['scripts'],
};

const INCLUDES: Rules = {
  // binding → core → kernels; Node's native interface is in binding alone.
  'native/binding': ['<napi.h>', 'native/binding/common', 'native/core/**', 'native/kernels/**'],
  'native/binding/common': ['<napi.h>', 'native/core/base', 'native/kernels'],
  'native/core/base': [],
  'native/core/rotation': ['native/core/base', 'native/kernels/search', 'native/kernels/search/rotated'],
  'native/core/index': ['native/core/base', 'native/core/rotation', 'native/kernels/search'],
  'native/core/search': ['native/core/base', 'native/core/index', 'native/core/rotation', 'native/kernels/search'],
  'native/core/cache': ['native/core/base'],
  'native/core/encoder': ['native/core/base', 'native/core/encoder/**', 'native/kernels/encoder'],
  'native/core/encoder/pass': ['native/core/base', 'native/core/encoder/weights', 'native/kernels/encoder'],
  'native/core/encoder/weights': ['native/core/base', 'native/kernels/encoder'],
  'native/core/json': ['native/kernels/decimals'],

  // Kernels of one subject include none of another's.
  'native/kernels': [],
  'native/kernels/search': ['native/kernels', 'native/kernels/search/rotated'],
  'native/kernels/search/rotated': ['native/kernels', 'native/kernels/search'],
  'native/kernels/decimals': ['native/kernels'],
  'native/kernels/encoder': ['native/kernels', 'native/kernels/encoder/**'],
  'native/kernels/encoder/generic': ['native/kernels/encoder'],
  'native/kernels/encoder/vectors': [],
  'native/kernels/encoder/tiles': [
    'native/kernels',
    'native/kernels/encoder/generic',
    'native/kernels/encoder/vectors',
  ],

  'test/native': ['test/native/**', 'native/core/**', 'native/kernels/**'],
  'bench/native': ['bench/native/**', 'native/core/**', 'native/kernels/**'],
};

interface Reference {
  readonly from: string;
  readonly to: string;
}

interface Source {
  /** The path from the repository's root, as every path in this file. */
  readonly path: string;
  readonly text: string;
}

function sourcesIn(folders: readonly string[], endings: RegExp): Source[] {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const kept = paths.filter((path) => endings.test(path) && !path.includes('node_modules'));
  return kept.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

const modules = sourcesIn(['src', 'test', 'bench', 'scripts'], /\.(?:ts|mjs)$/);
const units = sourcesIn(['native', 'test/native', 'bench/native'], /\.(?:h|cpp|inc)$/);

/** Imports, and files that are started as threads or processes of their own. */
const imports = modules.flatMap(({ path, text }): Reference[] => {
  const names = [...text.matchAll(/\b(?:from|import|new URL\()\s*\(?'(\.[^']+\.(?:ts|mjs))'/g)];
  return names.map(([, name]) => ({ from: path, to: join(dirname(path), name as string) }));
});

/** Includes of the project's files and of Node's. Quoted names are looked up as the compiler does. */
const includes = units.flatMap(({ path, text }): Reference[] => {
  const names = [...text.matchAll(/^\s*#\s*include\s*(?:"([^"]+)"|(<(?:napi|node_api|uv|v8)[^>]*>))/gm)];
  return names.map(([, quoted, system]) => {
    const places = [dirname(path), 'native', 'test/native', 'bench/native'].map((folder) => join(folder, quoted ?? ''));
    return { from: path, to: system ?? places.find((place) => existsSync(join(ROOT, place))) ?? `"${quoted}"` };
  });
});

/** The key of the rule that holds for a file. */
function ruleOf(path: string, rules: Rules): string | undefined {
  let key = path;
  while (key !== '.' && !(key in rules)) key = dirname(key);
  return key === '.' ? undefined : key;
}

function allows(entry: string, path: string): boolean {
  if (entry.endsWith('/**')) return path.startsWith(entry.slice(0, -2));
  return entry === path || entry === dirname(path);
}

/** @returns a sentence for every reference that no rule allows */
function violations(references: readonly Reference[], rules: Rules): string[] {
  return references.flatMap(({ from, to }) => {
    const key = ruleOf(from, rules);
    if (key === undefined) return [`${from} refers to ${to}: no rule holds for this file`];
    if (dirname(from) === dirname(to) && key === ruleOf(to, rules)) return [];
    const allowed = rules[key] ?? [];
    if (allowed.some((entry) => allows(entry, to))) return [];
    return [`${from} refers to ${to}: ${key} may refer to ${allowed.join(', ') || 'nothing'} besides itself`];
  });
}

/** @returns the first circle of references, or undefined */
function circle(references: readonly Reference[]): string | undefined {
  const next = Map.groupBy(references, ({ from }) => from);
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path].join(' → ');
    if (done.has(path)) return undefined;
    for (const { to } of next.get(path) ?? []) {
      const found = visit(to, [...way, path]);
      if (found !== undefined) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const path of next.keys()) {
    const found = visit(path, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

test('imports follow the direction of the design', () => {
  assert.ok(imports.length > 500);
  assert.equal(violations(imports, IMPORTS).join('\n'), '');
});

test('C++ includes follow the direction of the design, kernels and .inc files too', () => {
  assert.ok(includes.length > 200);
  assert.ok(includes.some(({ from }) => from.endsWith('.inc')));
  assert.ok(includes.some(({ to }) => to === '<napi.h>'));
  assert.equal(violations(includes, INCLUDES).join('\n'), '');
});

test('what the design forbids is found, and the sentence names file, target and rule', () => {
  const forbidden: readonly (readonly [rules: Rules, from: string, to: string])[] = [
    [IMPORTS, 'src/http/guards.ts', 'src/native/binding.ts'],
    [IMPORTS, 'src/http/schemas.ts', 'src/store/document-store.ts'],
    [IMPORTS, 'src/http/answers/send-json.ts', 'src/native/binding.ts'],
    [IMPORTS, 'src/http/answers/send-json.ts', 'src/http/body/read-body.ts'],
    [IMPORTS, 'src/http/openai/routes.ts', 'src/store/lmdb/store-facts.ts'],
    [IMPORTS, 'src/metrics/index-metrics.ts', 'src/native/binding.ts'],
    [IMPORTS, 'src/service/stats.ts', 'src/http/schemas.ts'],
    [IMPORTS, 'src/service/stats.ts', 'src/store/lmdb/store-facts.ts'],
    [IMPORTS, 'src/encoder/queue/admission.ts', 'src/encoder/encoder.ts'],
    [IMPORTS, 'src/encoder/native/native-encoder.ts', 'src/encoder/onnx/onnx-encoder.ts'],
    [IMPORTS, 'src/model/safetensors.ts', 'src/model/source/hub.ts'],
    [IMPORTS, 'src/store/document-store.ts', 'src/store/lmdb/store-facts.ts'],
    [IMPORTS, 'src/errors.ts', 'src/config.ts'],
    [IMPORTS, 'src/app.ts', 'bench/src/cli.ts'],
    [IMPORTS, 'test/config.test.ts', 'bench/src/data/random.ts'],
    [IMPORTS, 'bench/test/data.test.ts', 'test/support/models/model.ts'],
    [INCLUDES, 'native/core/base/error.h', '<napi.h>'],
    [INCLUDES, 'native/core/search/searcher.h', 'native/binding/common/errors.h'],
    [INCLUDES, 'native/core/base/error.h', 'native/core/index/key_map.h'],
    [INCLUDES, 'native/core/index/key_map.h', 'native/core/search/searcher.h'],
    [INCLUDES, 'native/core/rotation/rotation.h', 'native/core/index/vector_index.h'],
    [INCLUDES, 'native/core/cache/cache_entry.h', 'native/core/index/key_map.h'],
    [INCLUDES, 'native/core/encoder/pass/pooling.h', 'native/core/cache/cache_entry.h'],
    [INCLUDES, 'native/kernels/search/search_kernel.h', 'native/core/base/error.h'],
    [INCLUDES, 'native/core/base/aligned_array.h', 'native/kernels/search/search_kernel.h'],
    [INCLUDES, 'native/core/json/float_text.h', 'native/kernels/search/search_kernel.h'],
    [INCLUDES, 'native/core/index/vector_index.h', 'native/kernels/decimals/decimals_kernel.h'],
    [INCLUDES, 'native/kernels/decimals/decimal_scales.inc', 'native/kernels/encoder/encoder_kernel.h'],
    [INCLUDES, 'test/native/support/check.h', 'native/binding/common/errors.h'],
    [INCLUDES, 'bench/native/memory/read.cpp', 'test/native/support/check.h'],
  ];
  for (const [rules, from, to] of forbidden) {
    for (const path of [from, to])
      assert.ok(path.startsWith('<') || existsSync(join(ROOT, path)), `there is no ${path}`);
    const [sentence = '', ...more] = violations([{ from, to }], rules);
    assert.match(
      sentence,
      new RegExp(`^${from} refers to ${to}: ${ruleOf(from, rules)} may refer to `),
      `${from} → ${to}`,
    );
    assert.deepEqual(more, []);
  }
  const [a, b, c] = ['a', 'b', 'c'];
  assert.equal(circle([a, b, c].map((from, at) => ({ from, to: [b, c, b][at] as string }))), 'b → c → b');
});

test('no import and no include goes in a circle', () => {
  assert.equal(circle(imports), undefined);
  assert.equal(circle(includes), undefined);
});

test('every rule holds for a folder or file that exists', () => {
  const entries = [IMPORTS, INCLUDES].flatMap((rules) => [...Object.keys(rules), ...Object.values(rules).flat()]);
  const paths = entries.filter((entry) => !entry.startsWith('<')).map((entry) => entry.replace('/**', ''));
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test('no default exports, no barrel files', () => {
  for (const { path, text } of modules.filter(({ path }) => path.startsWith('src/'))) {
    assert.doesNotMatch(text, /^export default/m, path);
    assert.doesNotMatch(text, /^export (?:\*|\{[^}]*\}) from/m, path);
  }
});

test('the addon is loaded in one place', () => {
  const loaders = modules.filter(({ path, text }) => path.startsWith('src/') && text.includes(".node'"));
  assert.deepEqual(
    loaders.map(({ path }) => path),
    ['src/native/binding.ts'],
  );
});
