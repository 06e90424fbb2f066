/**
 * C++ files include the standard headers of what they name, themselves or by the project's own headers: the precompiled header of
 * CMakeLists.txt would hide that one is missing from every compiler that has none.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['native', 'test/native', 'bench/native'];

/** What comes with each precompiled header, as far as the project uses it. */
const NAMES: Readonly<Record<string, RegExp>> = {
  algorithm:
    /\bstd::(?:(?:min|max|clamp|sort|copy_n|copy|fill|fill_n|any_of|all_of|none_of|count_if|find_if|find|generate_n|shuffle|transform|equal|max_element|min_element|nth_element|push_heap|pop_heap|lower_bound|upper_bound)\(|ranges::)/,
  atomic: /\bstd::(?:atomic|memory_order)/,
  chrono: /\bstd::chrono\b/,
  cmath:
    /\bstd::(?:sqrt|fabs|floor|ceil|exp|exp2|log|pow|isnan|isfinite|ldexp|erfc?|fma|nan|round|rint|nearbyint|nextafter|frexp|ilogb|signbit|copysign|lround|hypot)\(/,
  condition_variable: /\bstd::condition_variable\b/,
  cstdint: /\bstd::u?int(?:8|16|32|64)_t\b/,
  cstring: /\bstd::(?:mem(?:cpy|cmp|set|move)|strlen|strerror|strcmp)\b/,
  functional: /\bstd::(?:function|greater|less|hash)\b/,
  immintrin: /\b_mm(?:256|512)?_\w+\(/,
  memory:
    /\bstd::(?:(?:unique|shared|weak)_ptr|make_(?:unique|shared)|enable_shared_from_this|construct_at|destroy_at|assume_aligned)\b/,
  mutex: /\bstd::(?:mutex|lock_guard|unique_lock|scoped_lock|call_once|once_flag)\b/,
  optional: /\bstd::(?:optional|nullopt)\b/,
  random: /\bstd::(?:mt19937\w*|\w+_distribution|random_device)\b/,
  span: /\bstd::(?:span|as_bytes)\b/,
  string: /\bstd::(?:string|u16string|to_string)\b/,
  string_view: /\bstd::string_view\b/,
  thread: /\bstd::(?:thread|this_thread)\b/,
  unordered_map: /\bstd::unordered_map\b/,
  vector: /\bstd::vector\b/,
};
/** Standard headers that promise another one's names. */
const ALSO: Readonly<Record<string, readonly string[]>> = { string: ['string_view'] };

const files = new Map(
  FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
    .filter((path) => /\.(?:h|cpp|inc)$/.test(path))
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8').replace(/\/\/.*/g, '')]),
);

/** The standard headers that a file gets, by the project's own headers too. */
function headersOf(path: string, seen = new Set<string>()): Set<string> {
  const headers = new Set<string>();
  if (seen.has(path)) return headers;
  seen.add(path);
  for (const [, quoted, system] of (files.get(path) ?? '').matchAll(/^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/gm)) {
    if (system !== undefined) {
      const name = system.replace(/\.h$/, '');
      for (const header of [name, ...(ALSO[name] ?? [])]) headers.add(header);
    }
    const places = [dirname(path), ...FOLDERS].map((folder) => join(folder, quoted ?? ''));
    const own = quoted && places.find((place) => existsSync(join(ROOT, place)));
    if (own) for (const header of headersOf(own, seen)) headers.add(header);
  }
  return headers;
}

test('every file includes the headers of what it names', () => {
  const precompiled = /set\(STANDARD_HEADERS ([^)]*)\)/.exec(readFileSync(join(ROOT, 'CMakeLists.txt'), 'utf8'))?.[1];
  const known = [...(precompiled ?? '').matchAll(/<(\w+)>/g)].map(([, header]) => header as string);
  assert.deepEqual(
    known.filter((header) => !(header in NAMES)),
    [],
    'every precompiled header is looked for',
  );
  const missing: string[] = [];
  for (const [path, text] of files) {
    if (path.endsWith('.inc')) continue; // a part of the file that includes it
    const headers = headersOf(path);
    for (const [header, names] of Object.entries(NAMES)) {
      const used = names.exec(text)?.[0];
      if (used !== undefined && !headers.has(header)) missing.push(`${path}: <${header}> for ${used}`);
    }
  }
  assert.equal(missing.join('\n'), '');
});
