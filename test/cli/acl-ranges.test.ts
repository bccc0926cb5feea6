import { expect, test } from 'vitest';
import { CommandLineError } from '../../src/cli/program.ts';
import { EXIT } from '../../src/errors.ts';
import { inProcess } from '../support/in-process.ts';

const TABLE = `
acl web vpc vpc-1
  subnet subnet-web 10.0.1.0/24
  out 100 allow tcp 443 any
  out 110 allow udp 53 any
  in 90 deny tcp 50000-50999 203.0.113.0/24
  in 100 allow tcp 49152-61000 0.0.0.0/0
  in 110 allow udp 1024-52000 0.0.0.0/0
acl nat vpc vpc-1
  subnet subnet-nat 10.0.2.0/24
  in 100 allow tcp 443 10.0.0.0/16
  out 100 allow tcp 55000-65535 10.0.0.0/16
acl closed vpc vpc-1
`;
const files = { 'acls.txt': TABLE };
const ranges = (...args: string[]) => inProcess(['acl', 'ranges', '--file', 'acls.txt', ...args], { files });

test('answers with the ranges, the recommended one, and what decides each of them', async () => {
  const { exit, json } = await ranges(
    '--subnet',
    'subnet-web',
    '--peer',
    '198.51.100.0/24',
    '--protocol',
    'tcp',
    '--port',
    '443',
  );
  expect(exit).toBe(EXIT.fine);
  expect(json).toMatchObject({
    ...{ acl: 'web', subnet: 'subnet-web', services: ['443/tcp'], peers: ['198.51.100.0/24'] },
    ...{ ranges: ['49152-61000'], unsure: [], certain: true, recommended: '49152-61000', warning: null },
    capacity: { ports: 11_849, connectionsPerDestination: 11_849, newPerSecond: 98.7 },
    because: [
      { ports: '0-49151', verdict: 'drop', entries: [{ number: null, direction: 'inbound', implicit: true }] },
      {
        ports: '49152-61000',
        verdict: 'pass',
        entries: [
          { acl: 'web', direction: 'outbound', number: 100, text: 'allow tcp 443 to 0.0.0.0/0', path: 'line 4' },
          { acl: 'web', direction: 'inbound', number: 100, file: 'acls.txt' },
        ],
      },
      { ports: '61001-65535', verdict: 'drop' },
    ],
    pathMtu: { ipv4: { verdict: 'drop' } },
  });
});

test('several services get what is left for all, each with what it costs', async () => {
  const { json, text } = await ranges(
    '--subnet',
    'subnet-web',
    '--service',
    '443/tcp',
    '--service',
    '53/udp',
    '--peer',
    '10.9.0.0/16',
  );
  expect(json).toMatchObject({
    ranges: ['49152-52000'],
    ways: [
      { service: '443/tcp', peer: '10.9.0.0/16', ranges: ['49152-61000'], lost: 48_128 },
      { service: '53/udp', ranges: ['1024-52000'], lost: 9000 },
    ],
  });
  expect(text.join('\n')).toContain('53/udp at 10.9.0.0/16   1024-52000   takes 9000 ports from the others');
});

test('everywhere is asked about where no peer is named, in the families that the ACL serves', async () => {
  const { json, notes } = await ranges('--subnet', 'subnet-web', '--split');
  expect(json).toMatchObject({ peers: ['0.0.0.0/0'], ranges: ['49152-49999', '51000-61000'] });
  const { split } = json as { split: { parts: { blocks: string[]; ranges: string[] }[] }[] };
  expect(split[0]?.parts.map((part) => part.ranges)).toEqual([['49152-61000'], ['49152-49999', '51000-61000']]);
  expect(split[0]?.parts[1]?.blocks).toEqual(['203.0.113.0/24']);
  expect(notes).toEqual([expect.stringContaining('ipv6 is not asked about: web lets nothing of it out and in')]);
});

test('the peer’s ACL counts where its subnet is named', async () => {
  const { json } = await ranges('--subnet', 'subnet-web', '--peer-subnet', 'subnet-nat');
  expect(json).toMatchObject({ peers: ['10.0.2.0/24'], peerAcl: 'nat', ranges: ['55000-61000'] });
});

test('on the way to others through a NAT gateway its subnet’s ACL counts towards us, ours towards them', async () => {
  const { json } = await ranges('--subnet', 'subnet-web', '--peer', '203.0.113.0/24', '--peer-subnet', 'subnet-nat');
  expect(json).toMatchObject({ peers: ['203.0.113.0/24'], ranges: ['55000-61000'] });
  const { exit } = await ranges(
    '--subnet',
    'subnet-web',
    '--peer',
    '203.0.113.0/24',
    '--peer-subnet',
    'subnet-nat',
    '--port',
    '80',
  );
  expect(exit).toBe(EXIT.no);
});

test('a peer’s subnet is asked about in the families that both have', async () => {
  const table = TABLE.replace('subnet subnet-nat 10.0.2.0/24', 'subnet subnet-nat 10.0.2.0/24 fd00:2::/64');
  const args = ['acl', 'ranges', '--file', 'acls.txt', '--subnet', 'subnet-web', '--peer-subnet', 'subnet-nat'];
  const { json } = await inProcess(args, { files: { 'acls.txt': table } });
  expect(json).toMatchObject({ peers: ['10.0.2.0/24'], ranges: ['55000-61000'] });
  const bare = table.replace('subnet subnet-web 10.0.1.0/24', 'subnet subnet-web');
  await expect(inProcess(args, { files: { 'acls.txt': bare } })).rejects.toThrow(
    /subnet-web in, and its ipv4 block is not known/,
  );
  const named = await inProcess([...args, '--subnet-cidr', '10.0.1.0/24'], { files: { 'acls.txt': bare } });
  expect(named.json).toMatchObject({ ranges: ['55000-61000'] });
});

test('what is never filtered passes by itself, and says nothing about what is asked beside it', async () => {
  const open = JSON.stringify({
    NetworkAcls: [
      {
        ...{ NetworkAclId: 'acl-0a', VpcId: 'vpc-1', IsDefault: true, Associations: [] },
        Entries: [true, false].map((Egress) => ({
          ...{ Egress, RuleNumber: 100, Protocol: '-1', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' },
        })),
      },
    ],
  });
  const ask = async (...peers: string[]) =>
    (await inProcess(['acl', 'ranges', '--file', '-', '--peer', peers.join(',')], { input: open })).text[0];
  expect(await ask('169.254.169.254')).toMatch(/every source port passes, instance metadata is never filtered$/);
  expect(await ask('169.254.169.254', '192.0.2.1')).toMatch(/source ports 0-65535 pass both ways$/);
});

test('a peer of a family that is not asked about is named, and one peer has to be left', async () => {
  const args = ['--subnet', 'subnet-web', '--peer', '198.51.100.0/24,2001:db8::/32', '--families'];
  const { json, notes } = await ranges(...args, 'ipv4');
  expect(json).toMatchObject({ peers: ['198.51.100.0/24'], ranges: ['49152-61000'] });
  expect(notes).toEqual(['note: 2001:db8::/32 is not asked about: --families leaves it out']);
  await expect(ranges('--acl', 'web', '--peer', '2001:db8::/32', '--families', 'ipv4')).rejects.toThrow(
    '--families ipv4 leaves out every peer that --peer names',
  );
});

test('what is preferred and does not pass is said to be passed over', async () => {
  const args = ['--subnet', 'subnet-web', '--prefer'];
  const held = await ranges(...args, '49500-49600');
  expect(held.json).toMatchObject({ recommended: '49500-49600' });
  expect(held.notes.join()).not.toContain('as a whole');
  const other = await ranges(...args, '49500-50600');
  expect(other.json).toMatchObject({ recommended: '51000-61000' });
  expect(other.notes).toContain('note: 49500-50600 does not pass as a whole: 51000-61000 is recommended instead');
});

test('a block that nothing passes to is named where it takes the ports from all others', async () => {
  const table = `${TABLE}acl list\n out 1 allow all any any\n in 1 deny all any 198.51.100.0/24\n in 2 allow tcp 4000-5000 0.0.0.0/0\n`;
  const ask = (...args: string[]) =>
    inProcess(['acl', 'ranges', '--file', 'acls.txt', '--acl', 'list', '--families', 'ipv4', ...args], {
      files: { 'acls.txt': table },
    });
  const { exit, notes } = await ask();
  expect(exit).toBe(EXIT.no);
  expect(notes).toEqual([
    'note: nothing passes to 198.51.100.0/24, whatever the port; other parts of 0.0.0.0/0 have ports: --split shows them, --peer asks about one',
  ]);
  const only = table.replace('in 2 allow tcp 4000-5000 0.0.0.0/0', 'in 2 allow tcp 4000-5000 192.0.2.0/24');
  const few = await inProcess(['acl', 'ranges', '--file', '-', '--acl', 'list', '--families', 'ipv4'], { input: only });
  expect(few.notes).toEqual([
    'note: no port serves all of 0.0.0.0/0, but 192.0.2.0/24 has some: --split shows them, --peer asks about one',
  ]);
  expect((await ask('--split')).notes).toEqual([]);
  expect((await ask('--peer', '198.51.100.0/25')).notes).toEqual([]);
  expect((await ask('--peer', '203.0.113.0/24')).exit).toBe(EXIT.fine);
});

test.each([
  '--peer',
  '--service',
  '--families',
  '--port',
  '--subnet',
  '--acl',
  '--vpc',
  '--peer-subnet',
  '--subnet-cidr',
])('an empty %s is refused, not taken for the default', async (flag) => {
  for (const nothing of ['', ' , ']) await expect(ranges(flag, nothing)).rejects.toThrow(CommandLineError);
});

test('a protocol without a port is refused: nothing else would be asked about it', async () => {
  await expect(ranges('--subnet', 'subnet-web', '--protocol', 'udp')).rejects.toThrow(
    '--protocol udp goes with --port',
  );
});

test('where no port passes, the answer is no', async () => {
  const { exit, json, text } = await ranges('--acl', 'closed', '--peer', '192.0.2.1');
  expect([exit, json]).toMatchObject([
    EXIT.no,
    { ranges: [], recommended: null, capacity: null, peers: ['192.0.2.1/32'] },
  ]);
  expect(text[0]).toBe('closed: 443/tcp at 192.0.2.1/32: no source port passes both ways');
});

const TEMPLATE = JSON.stringify({
  Resources: {
    Acl: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: 'vpc-1' } },
    ...Object.fromEntries(
      [
        ['Out', { Egress: true, RuleNumber: 100, PortRange: { From: 443, To: 443 } }],
        ['In', { Egress: false, RuleNumber: 100, PortRange: { From: { Ref: 'Low' }, To: 61_000 } }],
        ['Deny', { Egress: false, RuleNumber: 90, RuleAction: 'deny', PortRange: { From: 50_000, To: 50_009 } }],
      ].map(([name, more]) => [
        name,
        {
          Type: 'AWS::EC2::NetworkAclEntry',
          Properties: {
            NetworkAclId: { Ref: 'Acl' },
            Protocol: 6,
            RuleAction: 'allow',
            CidrBlock: '0.0.0.0/0',
            ...(more as object),
          },
        },
      ]),
    ),
  },
});

test('what could not be judged is told with its reason and place, and is nowhere taken for safe', async () => {
  const { exit, json, text } = await inProcess(['acl', 'ranges', '--file', '-'], { input: TEMPLATE });
  expect(exit).toBe(EXIT.no);
  expect(json).toMatchObject({ certain: false, ranges: [], unsure: ['0-49999', '50010-65535'] });
  expect(text[0]).toBe('Acl: 443/tcp at 0.0.0.0/0: no source port passes both ways for sure');
  expect(text.join('\n')).toMatch(
    /unsure because of what could not be judged:\n {2}ports: .*Low.* \(stdin: Resources\.In/,
  );
});

test.each([
  [['--file', 'none.json'], /there is no file none\.json/],
  [[], /no network ACLs are named/],
  [['--file', '-', '--file', '-'], /standard input can be read once/],
  [['--file', 'acls.txt', '--subnet', 'subnet-x'], /no ACL names subnet-x, and there is no default ACL/],
  [
    ['--file', 'acls.txt', '--subnet', 'subnet-web', '--peer-subnet', 'subnet-nat', '--families', 'ipv6'],
    /not known which addresses/,
  ],
])('what is missing is said: %s', async (args, message) => {
  await expect(inProcess(['acl', 'ranges', ...args], { files })).rejects.toThrow(message);
});

test.each([
  ['--peer', '10.0.0.0/33'],
  ['--service', '443'],
  ['--port', '0'],
  ['--protocol', 'icmp'],
  ['--prefer', '1-2,5'],
  ['--families', 'ipv5'],
])('wrong usage: %s %s', async (...args) => {
  await expect(ranges(...args)).rejects.toThrow(CommandLineError);
});
