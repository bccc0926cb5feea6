import { expect, test } from 'vitest';
import { CommandLineError } from '../../src/cli/program.ts';
import { inProcess } from '../support/in-process.ts';

const NASTY = '<script>alert(1)</script>&"\'\u001b[2J';
const acls = (id: string) =>
  JSON.stringify({
    Resources: {
      [id]: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: 'vpc-1' } },
      ...Object.fromEntries(
        [true, false].map((Egress) => [
          Egress ? 'Out' : 'In',
          {
            Type: 'AWS::EC2::NetworkAclEntry',
            Properties: {
              ...{
                NetworkAclId: { Ref: id },
                RuleNumber: 100,
                Protocol: 6,
                RuleAction: 'allow',
                CidrBlock: '0.0.0.0/0',
                Egress,
              },
              PortRange: Egress ? { From: 443, To: 443 } : { From: 49_152, To: 65_535 },
            },
          },
        ]),
      ),
    },
  });
const TABLE =
  'acl web\n out 1 allow all any 0.0.0.0/0\n in 1 allow tcp 49152-65535 0.0.0.0/0\n in 2 allow tcp 1024-8191 0.0.0.0/0\n';
const show = (
  args: readonly string[],
  given: { env?: Readonly<Record<string, string>>; width?: number; id?: string } = {},
) =>
  inProcess(
    ['acl', 'show', ...args],
    {
      folders: ['out'],
      files: {
        ...{ 'acls.txt': TABLE, 'acls.json': acls(given.id ?? 'Acl') },
        '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
      },
      env: { PORTFENCE_STATE_DIR: '/state', LANG: 'en_GB.UTF-8', ...given.env },
    },
    given.width,
  );

test('draws what comes back, what is used, fenced and recommended, over one axis', async () => {
  const { text, json } = await show(['--file', 'acls.txt', '--ports', '49152-53247'], { width: 66 });
  expect(text).toEqual([
    'web: 443/tcp at 0.0.0.0/0',
    '',
    'lets back in: 443/tcp at 0.0.0.0/0',
    `  ·${'█'.repeat(7)}${'·'.repeat(40)}${'█'.repeat(16)}`,
    '  1024-8191, 49152-65535 (23,552 ports)',
    '',
    "used now: the host's own ip_local_port_range",
    `  ${'·'.repeat(32)}${'█'.repeat(27)}▒${'·'.repeat(4)}`,
    '  32768-60999 (28,232 ports)',
    '',
    'fenced: --ports, 49152-53247',
    `  ${'·'.repeat(48)}████${'·'.repeat(12)}`,
    '  49152-53247 (4,096 ports)',
    '',
    'recommended',
    `  ${'·'.repeat(48)}████${'·'.repeat(12)}`,
    '  49152-53247 (4,096 ports)',
    '',
    '  0               16384           32768           49152      65535',
    '  one character is 1024 ports: █ all, ▒ some, · none',
  ]);
  expect(json).toMatchObject({
    bars: [
      { kind: 'allowed', ports: ['1024-8191', '49152-65535'] },
      { kind: 'used' },
      { kind: 'fenced' },
      { kind: 'recommended' },
    ],
  });
});

test('recommends no small range for the reason alone that it is in use', async () => {
  const { json } = await show(['--file', 'acls.txt', '--ports', '2000-3000']);
  const { bars } = json as { bars: { kind: string; ports: string[] }[] };
  expect(bars.find(({ kind }) => kind === 'recommended')?.ports).toEqual(['49152-65535']);
});

test('fits the width of the terminal, and shows ASCII where the locale has nothing else', async () => {
  for (const width of [42, 80, 133]) {
    const { text } = await show(['--file', 'acls.txt'], { width, env: { LANG: 'C' } });
    const bars = text.filter((line) => /^ {2}[#+.]+$/.test(line));
    expect(bars.map((line) => line.length)).toEqual([width, width, width]);
  }
});

/** Names of the elements in order, by a stack: throws where one is not closed. */
function elements(text: string): readonly string[] {
  const open: string[] = [];
  const all: string[] = [];
  for (const [, end, name = '', single] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (end === '/') expect(open.pop()).toBe(name);
    else all.push(name);
    if (end !== '/' && single !== '/' && !['meta', 'br'].includes(name)) open.push(name);
  }
  expect(open).toEqual([]);
  return all;
}

test.each(['svg', 'html'])(
  'writes %s that is whole, loads nothing, says in words what it shows, and escapes what it was given',
  async (format) => {
    const file = `picture.${format}`;
    const { text, system } = await show(['--file', 'acls.json', '--out', file], { id: NASTY });
    expect(text).toEqual([`wrote ${file}`]);
    const written = system.files.get(file) ?? '';
    const names = elements(written.replace('<!doctype html>', ''));
    expect(names).not.toContain('script');
    expect(written).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;?[2J');
    expect(written).toMatch(/<svg [^>]*role="img" aria-labelledby="title desc"/);
    expect(written).toMatch(/<desc id="desc">[^<]*49152-65535 \(16,384 ports\)/);
    expect(written.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\((?!#)|@import|src=|href=/);
    if (format === 'html') expect(written).toContain('<td>49152-65535</td><td>pass</td><td>outbound 100 of');
  },
);

test('a folder that is not there is named, not made', async () => {
  const asked = show(['--file', 'acls.txt', '--out', '/gone/picture.svg']);
  await expect(asked).rejects.toThrow('write /gone/picture.svg');
});

test('another ending is refused', async () => {
  await expect(show(['--file', 'acls.txt', '--out', 'picture.png'])).rejects.toThrow(CommandLineError);
});
