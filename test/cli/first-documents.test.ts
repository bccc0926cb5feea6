import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

/**
 * How the first version ended on the lab's host, and every key of its `--json` documents with the kind of its value;
 * what the steps of a plan hold is left out, since that is the plan itself.
 */
const FIRST: Readonly<Record<string, { readonly exit: number; readonly keys: Readonly<Record<string, string>> }>> =
  JSON.parse(readFileSync(new URL('first-documents.json', import.meta.url), 'utf8'));

const PORTS = ['--ports', '49152-61000'];
const ACL_TEXT = 'acl one\nsubnet s\nin 100 allow tcp 49152-65535 any\nout 100 allow tcp any any\n';
const ACL = ['--protocol', 'tcp', '--port', '443', '--subnet', 's', '--families', 'ipv4', '--file'];

/** In the order of a fence's life; `acl` gets the file's name behind its flags. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  plan: ['plan', ...PORTS],
  apply: ['apply', ...PORTS],
  'plan, nothing to change': ['plan', ...PORTS],
  status: ['status'],
  explain: ['explain', 'tcp 10.0.1.10:40001 > 203.0.113.10:443'],
  verify: ['verify', '--connections', '4'],
  'acl ranges': ['acl', 'ranges', ...ACL],
  'acl check': ['acl', 'check', ...PORTS, ...ACL],
  remove: ['remove'],
};

/** `links[].name`: string, and so on, of all elements together. */
function keysOf(value: unknown, at = ''): readonly (readonly [string, string])[] {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const own = at === '' ? [] : [[at, kind] as const];
  if (Array.isArray(value)) return [...own, ...value.flatMap((one) => keysOf(one, `${at}[]`))];
  if (kind !== 'object') return own;
  const inside = Object.entries(value as object);
  return [...own, ...inside.flatMap(([key, one]) => keysOf(one, at === '' ? key : `${at}.${key}`))];
}

needs(...LAB, 'conntrack')('documents of the first version', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let file: string;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    file = join(portfence.folder, 'acl.txt');
    await writeFile(file, ACL_TEXT);
  });
  afterAll(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('are those of commands that are tried', () => {
    expect(Object.keys(COMMANDS)).toEqual(Object.keys(FIRST));
  });

  test.each(Object.entries(COMMANDS))('`%s --json` has every key of them, and ends as then', async (name, args) => {
    const { code, document } = await portfence.json(args[0] === 'acl' ? [...args, file] : args);
    const now = new Map(keysOf(document));
    const then = Object.entries(FIRST[name]?.keys ?? {});
    const lost = then.filter(([key, kind]) => now.get(key) !== kind && now.get(key) !== 'null' && kind !== 'null');
    expect({ exit: code, lost: lost.map(([key, kind]) => `${key}: ${kind}, now ${now.get(key)}`) }).toEqual({
      exit: FIRST[name]?.exit,
      lost: [],
    });
  });
});
