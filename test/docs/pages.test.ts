/** The pages that people read: their links have targets, the files that they name exist, and each says for whom it is. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README_LINES_MAX = 150;
/** Folders that are made on first use and are not in the repository. */
const GENERATED = /^bench\/(?:\.data|peers\/\.venv|peers\/node_modules)(?:\/|$)/;
/** Matches names that look like files or folders of the repository; a folder's name ends with a slash. */
const REPOSITORY_PATH = /^(?:(?:src|native|test|bench|scripts|docs)\/[\w./-]*|\.ci\/run)$/;

const pages = globSync(['README.md', 'CHANGELOG.md', 'docs/**/*.md', 'bench/**/*.md', 'test/**/*.md'], {
  cwd: ROOT,
  exclude: (path) => /(?:^|\/)(?:node_modules|\.venv|\.data)$/.test(path),
});

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutFences = (markdown: string) => markdown.replace(/^```[\s\S]*?^```/gm, '');
const withoutCode = (markdown: string) => withoutFences(markdown).replace(/`[^`]*`/g, 'code');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let name = anchor;
    for (let count = 1; anchors.has(name); count += 1) name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}

/** Targets of links and images inside the repository. */
function linksOf(page: string): string[] {
  const targets = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

test('docs has a page for each subject', () => {
  const subjects = ['api', 'architecture', 'benchmarks', 'development', 'encoder', 'exact-search', 'gpu', 'operations'];
  for (const subject of [...subjects, 'settings']) assert.ok(pages.includes(`docs/${subject}.md`), subject);
});

test('every link leads to a file that is there, and to a heading of it', () => {
  for (const page of pages) {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      assert.ok(existsSync(join(ROOT, target)), `${page} links to ${link}: there is no ${target}`);
      if (anchor === undefined) continue;
      assert.ok(anchorsOf(read(target)).has(anchor), `${page} links to ${link}: ${target} has no such heading`);
    }
  }
});

test('every page of docs can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const path = link.split('#')[0] as string;
      const target = relative(ROOT, join(ROOT, dirname(page), path));
      if (path.endsWith('.md')) reached.add(target);
    }
  }
  for (const page of pages) {
    if (page.startsWith('docs/')) assert.ok(reached.has(page), page);
  }
});

test('every file and folder that a page names in code quotes is there', () => {
  let named = 0;
  for (const page of pages.filter((name) => name !== 'CHANGELOG.md')) {
    for (const [, code = ''] of withoutFences(read(page)).matchAll(/`([^`\n]+)`/g)) {
      if (!REPOSITORY_PATH.test(code) || GENERATED.test(code)) continue;
      assert.ok(existsSync(join(ROOT, code)), `${page} names ${code}`);
      assert.equal(statSync(join(ROOT, code)).isDirectory(), code.endsWith('/'), `${page} names ${code}`);
      named += 1;
    }
  }
  assert.ok(named > 50, `${named}`);
});

test('each page of docs says in its first sentence for whom it is', () => {
  for (const page of pages.filter((name) => name.startsWith('docs/'))) {
    const first = read(page).split('\n\n')[1] ?? '';
    assert.match(first, /^For [^.]+\.$/, page);
  }
});

test('a stranger reads the README in ten minutes', () => {
  const lines = read('README.md').trimEnd().split('\n');
  assert.ok(lines.length <= README_LINES_MAX, `${lines.length} lines`);
});

test('every folder of results belongs to a machine, and each report in it is a whole run', () => {
  const reports = globSync('bench/results/**/*.json', { cwd: ROOT });
  assert.ok(reports.length > 0);
  for (const report of reports) {
    assert.match(report, /^bench\/results\/[a-z0-9-]+-cores\/[a-z]+\.json$/);
    for (const { suite, partial, quick, machine } of JSON.parse(read(report)) as {
      suite: string;
      partial: boolean;
      quick: boolean;
      machine: { commit: string; cpu: string };
    }[]) {
      assert.equal(report.split('/').at(-1), `${suite}.json`);
      assert.ok(!partial && !quick, `${report} is no whole run`);
      assert.ok(machine.commit.length > 0 && machine.cpu.length > 0, report);
    }
  }
});
