import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { createNamespace } from '../../src/lab/namespace.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { run } from '../../src/system/run.ts';
import { COMMAND, type CommandLine, commandLine } from '../support/command-line.ts';
import { expectGolden } from '../support/goldens.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Pages that a program writes say so in their first lines; the API's page shows no commands. */
const isWritten = (page: string): boolean => page === 'docs/api.md' || /^Written by `npm run/m.test(textOf(page));
const PAGES = [...globSync('*.md', { cwd: root }), ...globSync('docs/*.md', { cwd: root })]
  .filter((page) => !isWritten(page))
  .sort();

/** The words of a shell line, but for where its output goes. */
function wordsOf(line: string): readonly string[] {
  const words: readonly string[] = line.match(/'[^']*'|\S+/g) ?? [];
  const end = words.indexOf('>');
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replace(/^'(.*)'$/, '$1'));
}

/** Every command of portfence in a page's blocks, in the page's order. */
function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/^ {4,}(?:\$ )?(?=\S)(.*)$/gm)]
    .flatMap(([, line = '']) => line.replace(/\s+# .*$/, '').split(/ && | \| /))
    .flatMap((part) => /^(?:\.\/bin\/)?portfence (.+)$/.exec(part.trim())?.[1] ?? []);
}

describe('every command on a page', () => {
  const all = PAGES.flatMap((page) => commandsIn(textOf(page)).map((line) => ({ page, line })));

  test('is found', () => {
    expect(all.length).toBeGreaterThan(60);
  });

  test.each(all)('$page: portfence $line is one that the grammar takes', async ({ line }) => {
    const taken: string[] = [];
    await (await grammar((command) => taken.push(command.name()))).parseAsync(['node', 'portfence', ...wordsOf(line)]);
    expect(taken).toHaveLength(1);
  });

  const inline = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/`portfence ([a-z][^`]*)`/g)].map(([, line = '']) => ({ page, line })),
  );
  test.each(inline)('$page: `portfence $line` names a command and flags that there are', async ({ line }) => {
    const words = wordsOf(line.replaceAll(/\s+/g, ' '));
    const commands = commandsAt(await grammar(), words);
    expect(commands.length).toBeGreaterThan(1);
    const known = commands.flatMap(({ options }) => options.map(({ long }) => long));
    const flags = words.filter((word) => word.startsWith('--') && word !== '--help');
    expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
  });
});

/** The grammar with every action replaced, so that nothing runs. */
async function grammar(onAction: (command: Command) => void = () => {}): Promise<Command> {
  const program = await buildProgram({ system: scriptedSystem(), say: () => {}, colour: false, width: 100 }, () => {});
  const replace = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => onAction(command));
    command.configureOutput({ writeErr: () => {} });
    for (const child of command.commands) replace(child);
  };
  replace(program);
  return program;
}

/** The program and the commands below it that the first words name. */
function commandsAt(program: Command, [word, ...rest]: readonly string[]): readonly Command[] {
  const next = program.commands.find((one) => one.name() === word);
  return next ? [program, ...commandsAt(next, rest)] : [program];
}

test('the policy on its page holds the defaults', () => {
  const [block = ''] = /(?:^ {4}.*\n)+/m.exec(textOf('docs/policy.md')) ?? [];
  expect(parsePolicy({ text: block.replaceAll(/^ {4}/gm, ''), flags: {} }).policy).toEqual(samplePolicy);
  const lines = [...textOf('docs/policy.md').matchAll(/^ {4}(ports: \{ acl.*)$/gm)].map(([, line = '']) => line);
  expect(lines.length).toBeGreaterThan(1);
  for (const text of lines) {
    expect(parsePolicy({ text, flags: {}, aclPorts: samplePolicy.ports }).policy.ports).toEqual(samplePolicy.ports);
  }
});

test('every key of the policy has a row on its page', () => {
  const schema = JSON.parse(textOf('schema/policy.schema.json'));
  const keysOf = (properties: Readonly<Record<string, { properties?: Record<string, never> }>>): readonly string[] =>
    Object.entries(properties).flatMap(([key, one]) =>
      one.properties ? keysOf(one.properties).map((inner) => `${key}.${inner}`) : [key],
    );
  const rows = [...textOf('docs/policy.md').matchAll(/^\| `([a-zA-Z.]+)` \|/gm)].map(([, key]) => key);
  expect(keysOf(schema.properties).filter((key) => !rows.includes(key))).toEqual([]);
});

test('pages wrap at 100 columns, but for tables, pictures and what is shown as typed', () => {
  const wide = PAGES.flatMap((page) =>
    textOf(page)
      .split('\n')
      .map((line, index) => ({ line, place: `${page}:${index + 1}` }))
      .filter(({ line }) => line.length > 100 && !/^(?: {4}|\||!\[)/.test(line))
      .map(({ place }) => place),
  );
  expect(wide).toEqual([]);
});

/** What a page shows as typed (`$ portfence ...`), each with what it shows as printed. */
function shown(page: string): readonly { command: string; output: string }[] {
  const blocks = textOf(page).matchAll(/^ {4}\$ portfence (.*)\n((?: {4}.*\n|\n(?= {4}))*)/gm);
  return [...blocks].map(([, command = '', lines = '']) => ({
    command,
    output: lines.replace(/^ {4}/gm, '').trimEnd(),
  }));
}

test.each(PAGES.flatMap((page) => shown(page).map((one) => ({ ...one, page }))))(
  '$page: portfence $command prints what is shown',
  async ({ command, output }) => {
    const { stdout } = await run(['env', '-C', root, ...COMMAND, ...command.split(' ')]);
    expect(stdout.trimEnd()).toBe(output);
  },
);

needs('root', 'unshare')('pictures on pages', () => {
  test('are those that the command draws on a host without a fence', async () => {
    const namespace = await createNamespace();
    const command = await commandLine(namespace);
    try {
      const out = join(command.folder, 'picture.svg');
      const flags = ['--file', join(root, 'examples/acl/two-services.txt'), '--subnet', 'builders', '--out', out];
      expect(await command.run(['acl', 'show', ...flags])).toMatchObject({ code: 0 });
      expectGolden(join(root, 'docs/pictures/which-range.svg'), readFileSync(out, 'utf8'));
    } finally {
      await command.close();
      await namespace.close();
    }
  });
});

const sectionOf = (page: string, heading: string): string =>
  textOf(page)
    .split(/^(?=## )/m)
    .find((section) => section.startsWith(`## ${heading}\n`)) ?? '';

/** Asks a cloud or systemd, takes long, or belongs to another machine. */
const ELSEWHERE = /--live|--compare|^install systemd|^uninstall/;
/** Changes nothing and needs no cloud. */
const ASKS = /^(?:plan .*--ports|explain |status|acl .*--file examples|install cloud-init (?!.*--from))/;
const PORTS = ['--ports', '49152-61000'];

needs(...LAB, 'conntrack')('on a host behind an ACL', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    await testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    portfence = await commandLine(testbed.host);
    writeFileSync(join(portfence.folder, 'hosts.txt'), '/run/portfence/agent.sock\n');
  });
  afterAll(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('the README leads to a fence, proves it, and takes it away', async () => {
    const lines = ['First fence', 'Status and troubleshooting']
      .flatMap((heading) => commandsIn(sectionOf('README.md', heading)))
      .filter((line) => !ELSEWHERE.test(line));
    const journey = [...lines.filter((line) => line !== 'remove'), 'remove'];
    expect(journey.length).toBeGreaterThan(7);
    const seen: string[] = [];
    for (const line of journey) {
      const { code, stderr } = await portfence.run(wordsOf(line));
      seen.push(`${line}: ${code}${code > 1 ? ` ${stderr}` : ''}`);
    }
    // `plan` says by 1 that something would change.
    expect(seen).toEqual(journey.map((line) => `${line}: ${line.startsWith('plan') ? 1 : 0}`));
  });

  test('what pages ask about the fence and about files that there are is answered', async () => {
    const lines = new Set(PAGES.flatMap((page) => commandsIn(textOf(page))));
    const asking = [...lines].filter((line) => ASKS.test(line) && !line.includes('--out'));
    expect(asking.length).toBeGreaterThan(12);
    await portfence.run(['apply', ...PORTS]);
    const refused: string[] = [];
    for (const line of asking) {
      const argv = ['env', '-C', root, ...portfence.argv(wordsOf(line))] as const;
      const { code, stderr } = await testbed.host.run(argv);
      if (code > 1) refused.push(`${line}: ${stderr}`);
    }
    await portfence.run(['remove']);
    expect(refused).toEqual([]);
  });

  const documented = [...textOf('docs/commands.md').matchAll(/^\| key of `(.+) --json` \|.*\n.*\n((?:\|.*\n)+)/gm)].map(
    ([, command = '', table = '']) => ({ command, table }),
  );
  const acl = (name: string, ...more: readonly string[]) =>
    ['acl', name, ...more, '--file', join(root, 'examples/acl/two-services.txt'), '--subnet', 'builders'] as const;
  /** In the order in which they run; `dns` has its own tests. */
  const asked = (folder: string): Readonly<Record<string, readonly string[]>> => ({
    init: ['init', '--yes', ...PORTS, '--policy', join(folder, 'first-policy.yaml')],
    plan: ['plan', ...PORTS, '--addresses'],
    apply: ['apply', ...PORTS, '--confirm', '60'],
    confirm: ['confirm'],
    status: ['status'],
    verify: ['verify', '--connections', '5'],
    explain: ['explain', 'tcp 172.17.0.5:40001 > 203.0.113.10:443'],
    doctor: ['doctor'],
    flows: ['flows'],
    why: ['why', '203.0.113.10:443'],
    report: ['report'],
    fleet: ['fleet', '--from', join(folder, 'hosts.txt'), '--timeout', '1'],
    remove: ['remove'],
    'install systemd': ['install', 'systemd', ...PORTS, '--root', folder],
    uninstall: ['uninstall', '--root', folder],
    'install cloud-init': ['install', 'cloud-init', ...PORTS],
    native: ['native', '--print', 'podman', ...PORTS],
    'install kubernetes': ['install', 'kubernetes', ...PORTS],
    'install swarm': ['install', 'swarm', ...PORTS],
    'acl ranges': acl('ranges', '--split'),
    'acl check': acl('check', ...PORTS),
    'acl fix': acl('fix', ...PORTS),
    'acl show': acl('show', ...PORTS),
    'acl explain': acl('explain', 'tcp 10.0.1.10:50100 > 198.51.100.7:443'),
  });

  test('the keys of each JSON document are those on the page of the commands', async () => {
    const commands = asked(portfence.folder);
    expect(
      documented
        .map(({ command }) => command)
        .filter((one) => one !== 'dns')
        .sort(),
    ).toEqual(Object.keys(commands).sort());
    for (const [command, args] of Object.entries(commands)) {
      const table = documented.find((one) => one.command === command)?.table ?? '';
      const { document } = await portfence.json(args);
      expect(differingKeys(table, Object.keys(document)), command).toEqual([]);
    }
  });
});

/** Keys that only the document or only the table has; a row that begins with `with` may be missing from a document. */
function differingKeys(table: string, keys: readonly string[]): readonly string[] {
  const named = new Set([...table.matchAll(/`(\w+)`/g)].map(([, key]) => key));
  const always = [...table.matchAll(/^\| (.+?) \| (?!with )/gm)].flatMap(([, first = '']) =>
    [...first.matchAll(/`(\w+)`/g)].map(([, key = '']) => key),
  );
  return [...keys.filter((key) => !named.has(key)), ...always.filter((key) => !keys.includes(key))];
}

/** The anchor that a heading gets: lower case, without marks, hyphens for spaces. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

test('links between pages lead to files and headings that there are', () => {
  const broken = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g)]
      .filter(([, path = '', anchor]) => {
        const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
        if (!existsSync(join(root, target))) return true;
        if (anchor === undefined) return false;
        return ![...textOf(target).matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor);
      })
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});
