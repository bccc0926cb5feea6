import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';
import { type AwsSandbox, awsSandbox } from '../support/aws-sandbox.ts';
import { COMMAND } from '../support/command-line.ts';
import { apiError, VPC } from '../support/ec2-server.ts';
import { ofInterface, silence } from '../support/metadata-server.ts';

let aws: AwsSandbox;
const ranges = (...args: string[]) => run([...COMMAND, 'acl', 'ranges', '--live', '--endpoint', aws.ec2.url, ...args]);
const document = async (...args: string[]) => JSON.parse((await ranges(...args, '--json')).stdout);

beforeEach(async () => {
  aws = await awsSandbox();
});
afterEach(() => aws.close());

test('on an instance answers for its own subnet, with the credentials of its role', async () => {
  const credentials = { Code: 'Success', AccessKeyId: 'ASIAROLE', SecretAccessKey: 'secret', Token: 'session' };
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  aws.metadata.items.set('iam/security-credentials/', 'builder');
  aws.metadata.items.set('iam/security-credentials/builder', JSON.stringify({ ...credentials, Expiration }));
  const { code, stdout, stderr } = await ranges('--json', '--families', 'ipv4');
  expect([code, stderr]).toEqual([
    0,
    'note: this host is in subnet-0a1b2c3d4e5f60718 of vpc-0a1b2c3d4e5f60718, eu-central-1\n',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    acl: 'acl-0a1b2c3d4e5f60718',
    subnet: 'subnet-0a1b2c3d4e5f60718',
    ranges: ['49152-61000'],
  });
  expect(aws.ec2.calls[0]?.scope).toBe('ASIAROLE eu-central-1/ec2');
});

test('anywhere else answers for a named subnet, with a profile, and asks no metadata', async () => {
  await writeFile(
    join(aws.folder, 'credentials'),
    '[builds]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n',
  );
  const found = await document(
    '--region',
    'us-east-1',
    '--profile',
    'builds',
    '--subnet',
    'subnet-0bbbbbbbbbbbbbbbb',
    '--peer',
    '203.0.113.0/24',
  );
  expect(found).toMatchObject({ acl: 'acl-0ffffffffffffffff', ranges: ['0-65535'] });
  expect(aws.ec2.calls[0]?.scope).toBe('AKIDPROFILE us-east-1/ec2');
  expect(aws.metadata.asked).toEqual([]);
});

test('for its own subnet what the host uses is recommended', async () => {
  aws.logIn();
  const [from = 0, to = 0] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))
    .split(/\s+/)
    .map(Number);
  const [acl] = VPC.NetworkAcls as readonly { [key: string]: never }[];
  const rule = { Egress: false, RuleAction: 'allow', CidrBlock: '0.0.0.0/0' };
  const Entries = [
    { ...rule, RuleNumber: 1, Egress: true, Protocol: '-1' },
    { ...rule, RuleNumber: 1, Protocol: '6', PortRange: { From: from, To: to } },
    ...(from > 1025 ? [{ ...rule, RuleNumber: 2, Protocol: '6', PortRange: { From: 1024, To: from - 2 } }] : []),
  ];
  aws.ec2.tables.NetworkAcls = [{ ...acl, Entries }];
  expect(await document()).toMatchObject({ recommended: `${from}-${to}` });
});

test('the VPC of the host is known, so that its resolver counts as never filtered', async () => {
  aws.logIn();
  expect(await document('--peer', '10.20.0.2', '--service', '53/udp')).toMatchObject({ ranges: ['0-65535'] });
  aws.metadata.items.set(ofInterface('vpc-ipv4-cidr-block'), '10.99.0.0/16');
  expect((await ranges('--peer', '10.20.0.2', '--service', '53/udp')).code).toBe(1);
});

test('lacking permissions ends with exit code 3 and the exact ones', async () => {
  aws.logIn();
  aws.ec2.instead = apiError(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.');
  const { code, stdout, stderr } = await ranges('--json');
  expect([code, stdout]).toEqual([3, '']);
  for (const words of [
    'may not call ec2:DescribeNetworkAcls',
    '"ec2:DescribeNetworkAcls", "ec2:DescribeSubnets"',
    'get-caller-identity',
  ])
    expect(stderr).toContain(words);
});

test('no metadata and no subnet ends with what to name', async () => {
  aws.metadata.token = silence;
  expect(await ranges()).toMatchObject({ code: 3, stderr: expect.stringMatching(/hop[\s\S]*--subnet/) });
});

test.each([
  [['--file', 'acls.json'], 'not from both'],
  [['--region', 'nowhere'], 'no AWS region'],
])('%j is wrong usage', async (args, words) => {
  expect(await ranges(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});

test('flags of --live without it are told', async () => {
  const { code, stderr } = await run([...COMMAND, 'acl', 'ranges', '--region', 'eu-central-1']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--region goes with --live')]);
});
