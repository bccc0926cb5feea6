import { expect, test } from 'vitest';
import { grammar } from '../../scripts/release/staging.ts';
import { POLICY_FILE } from '../../src/install/paths.ts';
import { agentUnit, fenceUnit } from '../../src/install/units.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../../src/packaging/completions.ts';
import { DEB_SCRIPTS, debConffiles, debControl } from '../../src/packaging/deb.ts';
import { allCommands } from '../../src/packaging/grammar.ts';
import { packageFiles } from '../../src/packaging/layout.ts';
import { licencesText } from '../../src/packaging/licences.ts';
import { manPages } from '../../src/packaging/man.ts';
import { rpmSpec } from '../../src/packaging/rpm.ts';
import { samplePolicy } from '../../src/packaging/sample-policy.ts';
import { isBlank } from '../../src/policy/blank.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { run } from '../../src/system/run.ts';

const commands = await grammar();
const files = packageFiles({
  ...{ grammar: commands, version: '1.2.3', date: '2026-01-31', executable: '/built', documents: {} },
  zshFolder: '/usr/share/zsh/site-functions',
});
const textOf = (path: string): string => {
  const content = files.find((file) => file.path === path)?.content;
  return content && 'text' in content ? content.text : '';
};

test('the sample policy enforces nothing, and is a policy once its lines are taken in', () => {
  expect(isBlank(samplePolicy())).toBe(true);
  const text = samplePolicy().replaceAll(/^#(?=\s*\w+:)/gm, '');
  expect(parsePolicy({ text }).policy).toEqual(parsePolicy({ flags: { ports: '49152-61000' } }).policy);
  expect(isBlank('# a\nports: 1024')).toBe(false);
});

test('a package brings the units of `install systemd`, run by the executable', () => {
  expect(textOf('/usr/lib/systemd/system/portfence.service').trim()).toBe(fenceUnit().join('\n'));
  const agent = agentUnit({ program: ['/usr/bin/portfence'], args: [] }).join('\n');
  expect(textOf('/usr/lib/systemd/system/portfence-agent.service').trim()).toBe(agent);
});

test('only the policy is configuration, in both kinds of package', () => {
  const input = { version: '1.2.3', architecture: 'arm64', files, size: 2048 } as const;
  expect(debConffiles(input)).toBe(`${POLICY_FILE}\n`);
  expect(debControl(input)).toContain('Architecture: arm64\n');
  const spec = rpmSpec({ version: '1.2.3-rc.1', files, staged: '/staged', builtAt: 1_769_000_000 });
  expect(spec).toContain(`%config(noreplace) ${POLICY_FILE}\n`);
  expect(spec.match(/%config/g)).toHaveLength(1);
  expect(spec).toContain('Version: 1.2.3~rc.1\n');
  expect(spec).toContain('* Wed Jan 21 2026 ');
});

test.each(Object.entries(DEB_SCRIPTS))(
  '%s is a script of a POSIX shell that never fails on purpose',
  async (_, text) => {
    expect(await run(['sh', '-n'], { input: text })).toMatchObject({ code: 0, stderr: '' });
    expect(text).toMatch(/exit 0\n$/);
  },
);

test('every command has a manual page with every flag of its help', () => {
  const pages = manPages(commands, { version: '1.2.3', date: '2026-01-31' });
  const all = allCommands(commands);
  expect(pages.map(({ name }) => name)).toEqual(all.map(([path]) => `${path.join('-')}.1`));
  for (const [i, [, command]] of all.entries())
    for (const { long } of command.flags) expect(pages[i]?.text).toContain(long.replaceAll('-', '\\-'));
  for (const { text } of pages) expect(text).not.toMatch(/^\.(?!TH|SH|TP|B|I)/m);
});

test.each([
  ['', ['plan', 'apply', 'acl', '--help']],
  ['acl ra', ['ranges']],
  ['plan --backend ', ['nftables', 'iptables-legacy']],
  ['plan --backend nftables --di', ['--diff']],
  ['acl ranges --protocol ', ['tcp', 'sctp']],
])('bash completes `portfence %s`', async (line, wanted) => {
  const ask = `${bashCompletion(commands)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _portfence; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const words = line.split(' ');
  const { stdout, stderr } = await run(['bash', '-c', ask, 'bash', 'portfence', ...words]);
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(wanted));
});

test('zsh and fish are offered every command as well, hidden ones not', () => {
  for (const text of [zshCompletion(commands), fishCompletion(commands)]) {
    for (const [path] of allCommands(commands)) expect(text).toContain(path.at(-1));
    expect(text).not.toContain('own-program');
  }
});

test('a component without any licence is refused', () => {
  const component = { name: 'x', version: '1', licence: undefined, licenceTexts: [] };
  expect(() => licencesText('MIT', [component])).toThrow('no licence: x');
});
