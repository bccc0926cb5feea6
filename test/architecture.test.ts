import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = join(root, 'src');

/** What each room may import from; the same table stands in ARCHITECTURE.md. Words that all stages share need no entry. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  addresses: [],
  errors: [],
  ports: [],
  protocols: [],
  scrub: [],
  acl: [],
  system: [],
  cloud: ['acl', 'system'],
  policy: [],
  nat: [],
  plan: ['nat', 'policy'],
  observe: ['plan', 'nat', 'policy', 'system'],
  flows: ['observe', 'plan', 'nat', 'policy', 'system'],
  fleet: ['observe', 'policy', 'system'],
  metrics: ['flows', 'reconcile'],
  web: [],
  server: ['web', 'metrics', 'flows', 'reconcile', 'backends', 'plan', 'system'],
  backends: ['observe', 'plan', 'nat', 'policy', 'system'],
  reconcile: ['backends', 'observe', 'plan', 'nat', 'policy', 'system'],
  verify: ['reconcile', 'backends', 'observe', 'plan', 'nat', 'policy', 'system'],
  doctor: ['reconcile', 'observe', 'plan', 'system'],
  agent: ['reconcile', 'backends', 'observe', 'plan', 'nat', 'policy', 'system'],
  install: ['reconcile', 'backends', 'observe', 'plan', 'nat', 'policy', 'system'],
  report: [
    'acl',
    'cloud',
    'fleet',
    'flows',
    'install',
    'kubernetes',
    'swarm',
    'agent',
    'doctor',
    'verify',
    'reconcile',
    'backends',
    'observe',
    'plan',
    'nat',
    'policy',
  ],
  kubernetes: ['policy'],
  swarm: [],
  packaging: ['install', 'policy'],
  api: ['acl', 'install', 'plan', 'nat', 'policy'],
  lab: ['system'],
  cli: [
    'acl',
    'cloud',
    'doctor',
    'agent',
    'server',
    'fleet',
    'flows',
    'install',
    'kubernetes',
    'swarm',
    'report',
    'reconcile',
    'verify',
    'backends',
    'observe',
    'plan',
    'nat',
    'policy',
    'system',
    'lab',
    'packaging',
  ],
};
const SHARED = ['addresses', 'errors', 'ports', 'protocols', 'scrub'];
/** Rooms that may talk to the machine by themselves; of the others, only programs that run as processes of their own. */
const TOUCHES_THE_SYSTEM = /^(?:system|lab)\/|\/programs\/|^cli\/(?:main|executable)\.ts$/;
const OF_THE_SYSTEM =
  /from 'node:(?:fs|child_process|net|dgram|http|https|os|process|dns|timers|stream|readline|worker_threads)/;

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)));
const roomOf = (file: string): string => file.split('/')[0]?.replace(/\.ts$/, '') ?? file;
const text = (file: string): string => readFileSync(join(src, file), 'utf8');
const importsOf = (file: string): readonly string[] =>
  [...text(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)]
    .map(([, path]) => relative(src, join(src, dirname(file), path ?? '')))
    .filter((path) => !path.startsWith('..'));

test('every room is in the table, and the table names no room that is not there', () => {
  expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test('imports run one way', () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file);
    const allowed = [room, ...SHARED, ...(MAY_IMPORT[room] ?? [])];
    return importsOf(file)
      .filter((path) => !allowed.includes(roomOf(path)))
      .map((path) => `${file} imports ${path}`);
  });
  expect(wrong).toEqual([]);
});

test('no files import each other in a circle', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of importsOf(file)) if (files.includes(next)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test('only the boundary, the lab and programs of their own touch the system', () => {
  const wrong = files.filter((file) => !TOUCHES_THE_SYSTEM.test(file) && OF_THE_SYSTEM.test(text(file)));
  expect(wrong).toEqual([]);
});

test('only main exits', () => {
  const wrong = files.filter((file) => !/^cli\/main\.ts$|\/programs\//.test(file) && /process\.exit/.test(text(file)));
  expect(wrong).toEqual([]);
});

test('files stay small, and no file is called after nothing', () => {
  expect(files.filter((file) => text(file).split('\n').length > 251)).toEqual([]);
  expect(files.filter((file) => /util|helper|manager|common|misc/.test(file))).toEqual([]);
});

test('ARCHITECTURE.md shows this table', () => {
  const shown = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  for (const [room, allowed] of Object.entries(MAY_IMPORT)) {
    if (SHARED.includes(room)) continue;
    expect(shown).toContain(`| \`${room}\` | ${allowed.map((one) => `\`${one}\``).join(', ') || '-'} |`);
  }
});
