import { expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { inProcess } from '../support/in-process.ts';

const TABLE = `
acl web
  subnet subnet-web
  out 100 allow tcp 443 0.0.0.0/0
  out 110 allow udp 53 0.0.0.0/0
  in 90 allow tcp 1024-65535 10.0.0.0/8
  in 100 allow tcp 49152-61000 0.0.0.0/0
  in 110 allow udp 1024-65535 0.0.0.0/0
`;
const HOST = {
  'acls.txt': TABLE,
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'policy.yaml':
    'version: 1\nports: 49152-50000\nprotocols: [tcp]\nuplinks: [eth7]\nexempt: { destinations: [10.0.0.0/8] }\n',
};
const env = { PORTFENCE_STATE_DIR: '/state' };
const check = (args: readonly string[], files: Readonly<Record<string, string>> = HOST) =>
  inProcess(['acl', 'check', '--file', 'acls.txt', '--subnet', 'subnet-web', ...args], { files, env });

test('without a fence the host’s own range is held against the ACL, and the share that hangs is told', async () => {
  const { exit, json, text } = await check([]);
  expect(exit).toBe(EXIT.no);
  expect(json).toMatchObject({
    fits: false,
    certain: true,
    source: 'host',
    hangingPercent: 58,
    recommended: '49152-61000',
  });
  expect(text[0]).toBe(
    'DOES NOT FIT: 58 % of new connections to some of these addresses get no answer; web (subnet-web): 443/tcp at 0.0.0.0/0',
  );
  expect(text.join('\n')).toContain("source ports in use: the host's own ip_local_port_range, 32768-60999");
  expect(text.join('\n')).toMatch(
    /by parts of it:\n\s+58 % hang\s+0\.0\.0\.0\/5, 8\.0\.0\.0\/7, .* more blocks\n\s+0 % hang\s+10\.0\.0\.0\/8/,
  );
});

test('a fence that fits is fine, one that is wider hangs by what is outside', async () => {
  expect(await check(['--ports', '49152-61000'])).toMatchObject({
    exit: EXIT.fine,
    json: { fits: true, source: 'policy', hangingPercent: 0, ways: [{ used: ['49152-61000'], hanging: [] }] },
    text: [expect.stringContaining('FITS: every connection gets its answer'), expect.anything()],
  });
  expect((await check(['--ports', '49152-62848'])).json).toMatchObject({ hangingPercent: 13.5, fits: false });
  expect((await check(['--ports', '49152-62848', '--peer', '192.0.2.1'])).text[0]).toBe(
    'DOES NOT FIT: 13 % of new connections get no answer; web (subnet-web): 443/tcp at 192.0.2.1/32',
  );
  expect((await check(['--ports', '49152-61001', '--peer', '192.0.2.1'])).text[0]).toContain(
    'less than 1 % of new connections',
  );
});

test('what a policy does not fence leaves with the host’s own ports', async () => {
  const { json, notes } = await check([
    '--policy',
    'policy.yaml',
    '--service',
    '443/tcp,53/udp',
    '--peer',
    '10.1.0.0/16,192.0.2.0/24',
  ]);
  expect(notes).toEqual([]);
  expect(json).toMatchObject({
    fits: true,
    ways: [
      { service: '443/tcp', peer: '10.1.0.0/16', used: ['32768-60999'] },
      { service: '443/tcp', peer: '192.0.2.0/24', used: ['49152-50000'] },
      { service: '53/udp', used: ['32768-60999'] },
      { service: '53/udp', used: ['32768-60999'] },
    ],
  });
});

test('connections that the fence leaves alone are told where they hang, and where they are not asked about', async () => {
  const exempt = ['--policy', 'policy.yaml', '--service', '443/tcp', '--peer'];
  const left = '  the fence leaves these connections alone';
  const files = { ...HOST, 'acls.txt': TABLE.replace('in 90 allow', 'in 90 deny') };
  const { json, text } = await check([...exempt, '10.1.0.0/16,192.0.2.0/24'], files);
  expect(json).toMatchObject({ fits: false, ways: [{ peer: '10.1.0.0/16', leftAlone: true }, { leftAlone: false }] });
  expect(text.filter((line) => line.startsWith(left))).toHaveLength(1);
  const { notes } = await check([...exempt, '0.0.0.0/0'], files);
  expect(notes.filter((note) => note.includes('exempt, so'))).toEqual([expect.stringMatching(/^note: 10\./)]);
  expect((await check([...exempt, '0.0.0.0/0,10.0.0.0/8'], files)).notes).toEqual([]);
});

test('what could not be judged is said, and is no yes', async () => {
  const template = {
    Resources: {
      Acl: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: 'vpc-1' } },
      ...Object.fromEntries(
        [true, false].map((egress) => [
          egress ? 'Out' : 'In',
          {
            Type: 'AWS::EC2::NetworkAclEntry',
            Properties: {
              ...{
                NetworkAclId: { Ref: 'Acl' },
                Protocol: -1,
                RuleNumber: 100,
                CidrBlock: '0.0.0.0/0',
                Egress: egress,
              },
              RuleAction: egress ? 'allow' : { Ref: 'Action' },
            },
          },
        ]),
      ),
    },
  };
  const files = { ...HOST, 'template.json': JSON.stringify(template) };
  const { exit, json, text } = await inProcess(['acl', 'check', '--file', 'template.json'], { files, env });
  expect(exit).toBe(EXIT.no);
  expect(json).toMatchObject({ fits: false, certain: false, hangingPercent: 0, unsurePercent: 100 });
  expect(text[0]).toContain('UNSURE: 100 % of new connections hang on what could not be judged');
  expect(text.join('\n')).toMatch(/allow: .*Action.* \(template\.json: Resources\.In/);
});
