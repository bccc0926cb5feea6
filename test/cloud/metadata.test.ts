import { afterEach, beforeEach, expect, test } from 'vitest';
import { metadataEndpoints } from '../../src/cloud/endpoint.ts';
import { instanceInterfaces, instancePlace, primaryBlock } from '../../src/cloud/instance.ts';
import { openMetadata } from '../../src/cloud/metadata.ts';
import { vpcResolvers } from '../../src/cloud/resolver.ts';
import { realSystem } from '../../src/system/real.ts';
import type { HttpOutcome } from '../../src/system/system.ts';
import {
  type Item,
  type MetadataServer,
  metadataServer,
  ofInterface,
  refuse,
  silence,
} from '../support/metadata-server.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const system = { http: realSystem.http, env: {} };
let server: MetadataServer;
const open = () => openMetadata(system, server.url);

beforeEach(async () => {
  server = await metadataServer();
});
afterEach(() => server.close());

test('a token is fetched first and sent with every question', async () => {
  expect(await (await open()).read('placement/region')).toBe('eu-central-1');
  expect(server.asked).toEqual(['PUT /latest/api/token', 'GET /latest/meta-data/placement/region']);
});

test('answers over IPv6 as well', async () => {
  const other = await metadataServer(undefined, '::1');
  try {
    expect((await instancePlace(await openMetadata(system, other.url))).region).toBe('eu-central-1');
  } finally {
    await other.close();
  }
});

test('tells where the instance stands, and what it has not', async () => {
  const metadata = await open();
  expect(await instancePlace(metadata)).toEqual({
    region: 'eu-central-1',
    vpc: 'vpc-0a1b2c3d4e5f60718',
    subnet: 'subnet-0a1b2c3d4e5f60718',
    vpcBlock: '10.20.0.0/16',
  });
  expect(await metadata.read('public-ipv4')).toBeUndefined();
});

test('the interface that the instance was started with comes first, whatever the order', async () => {
  const macs = { '0a:00:00:00:00:01': ['1', '0'], '0a:00:00:00:00:02': ['0', '1'], '0a:00:00:00:00:03': ['0', '0'] };
  server.items.set('network/interfaces/macs/', `${Object.keys(macs).join('/\n')}/\n`);
  for (const [mac, [device = '', card = '']] of Object.entries(macs)) {
    server.items.set(`network/interfaces/macs/${mac}/device-number`, device);
    server.items.set(`network/interfaces/macs/${mac}/network-card`, card);
  }
  const found = (await instanceInterfaces(await open())).map(({ mac }) => mac.at(-1));
  expect(found).toEqual(['3', '1', '2']);
});

test('the resolver is the primary block + 2, and its IPv6 address comes when asked for', async () => {
  expect(await vpcResolvers(system, { endpoint: server.url, ipv6: false })).toEqual(['10.20.0.2']);
  server.items.delete(ofInterface('vpc-ipv4-cidr-block'));
  server.items.set(ofInterface('vpc-ipv4-cidr-blocks'), '172.31.5.240/28\n10.20.0.0/16');
  expect(await vpcResolvers(system, { endpoint: server.url, ipv6: true })).toEqual(['172.31.5.242', 'fd00:ec2::253']);
});

const endless: Item = (answer) => {
  const more = () => {
    while (answer.write('x'.repeat(16_384)));
  };
  answer.on('drain', more).on('error', () => {});
  more();
};
const dripping: Item = (answer) => {
  const timer = setInterval(() => answer.write('x'), 20);
  answer.on('close', () => clearInterval(timer));
};
const elsewhere: Item = (answer) => answer.writeHead(302, { location: '/latest/api/token' }).end();
const cutOff: Item = (answer) => answer.socket?.destroy();

test.each<[string, Item, RegExp, RegExp]>([
  ['switched off', refuse(403, 'Forbidden'), /refuses a token .*HTTP 403/, /--http-endpoint enabled/],
  ['another service', refuse(404, 'Not Found'), /HTTP 404 instead of a token/, /IMDSv2 alone/],
  ['a redirect, which is not followed', elsewhere, /HTTP 302 instead of a token/, /another service/],
  ['a page', '<html>\n</html>', /something that is no token/, /^$/],
  ['nothing', '', /something that is no token/, /^$/],
  ['too much', endless, /larger than 65536 bytes/, /^$/],
  ['silence', silence, /no token within 1000 ms/, /http-put-response-hop-limit 2/],
  ['drops', dripping, /no token within 1000 ms/, /one hop only/],
  [
    'the end of the connection',
    cutOff,
    /can't reach EC2 metadata at http:\/\/127.0.0.1:\d+: socket hang up/,
    /EC2 instances/,
  ],
])('a request for a token that gets %s ends in one clear error', async (_, token, message, hint) => {
  server.token = token;
  const error = await open().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'CLOUD', message: expect.stringMatching(message) });
  expect((error as { hint?: string }).hint ?? '').toMatch(hint);
});

test.each<[string, Item, RegExp]>([
  ['a page with status 200', '<?xml version="1.0"?>', /something odd for .*vpc-ipv4-cidr-block: '<\?xml/],
  ['an address', '10.20.0.0', /something odd/],
  ['host bits', '10.20.0.1/16', /something odd/],
  ['a block that no VPC has', '10.0.0.0/8', /something odd/],
  ['an IPv6 block', 'fd00::/24', /something odd/],
  ['escapes', '\u001b[2J10.20.0.0/16', /'\?\[2J/],
  ['refusal', refuse(401, 'Unauthorized'), /the token was refused \(HTTP 401\)/],
  ['failure', refuse(500, 'Internal Server Error'), /HTTP 500/],
  ['a redirect', elsewhere, /HTTP 302/],
  ['silence', silence, /no answer within 1000 ms/],
  ['too much', endless, /larger than 65536 bytes/],
])('an item that is %s is never taken for a value', async (_, item, message) => {
  server.items.set(ofInterface('vpc-ipv4-cidr-block'), item);
  await expect(primaryBlock(await open())).rejects.toMatchObject({
    code: 'CLOUD',
    message: expect.stringMatching(message),
  });
});

test.each<[string, Item, RegExp]>([
  ['network/interfaces/macs/', '../../../user-data/', /something odd for network\/interfaces\/macs\//],
  ['network/interfaces/macs/', '', /something odd/],
  [ofInterface('device-number'), '0x0', /something odd/],
  [ofInterface('subnet-id'), 'subnet-1 --profile x', /something odd/],
  [ofInterface('vpc-id'), refuse(404, 'Not Found'), /has no network.*vpc-id/],
  ['placement/region', 'eu-central-1.example.org', /something odd/],
])('%s that tells %s is refused', async (item, text, message) => {
  server.items.set(item, text);
  await expect(instancePlace(await open())).rejects.toMatchObject({ message: expect.stringMatching(message) });
});

test('nobody listening, and no way to either address, are told with the remedy', async () => {
  await server.close();
  await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  const asked: string[] = [];
  const http = ({ url }: { url: string }): HttpOutcome => {
    asked.push(url);
    return { outcome: 'failed', code: 'ENETUNREACH', reason: 'connect ENETUNREACH' };
  };
  await expect(openMetadata(scriptedSystem({ http }))).rejects.toMatchObject({
    code: 'CLOUD',
    message: "can't reach EC2 metadata at http://169.254.169.254: connect ENETUNREACH",
  });
  expect(asked).toEqual(['http://169.254.169.254/latest/api/token', 'http://[fd00:ec2::254]/latest/api/token']);
});

test('an address that takes no connection at all may be no EC2 at all', async () => {
  const http = (): HttpOutcome => ({ outcome: 'silence', connected: false });
  await expect(openMetadata(scriptedSystem({ http }))).rejects.toMatchObject({
    hint: expect.stringMatching(/EC2 instances alone.*hop limit/),
  });
});

test.each([
  [{}, undefined, ['http://169.254.169.254', 'http://[fd00:ec2::254]']],
  [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }, undefined, ['http://[fd00:ec2::254]']],
  [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1338/' }, undefined, ['http://127.0.0.1:1338']],
  [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1338/' }, 'http://[::1]', ['http://[::1]']],
])('%o and the flag %s lead to %o', (env, flag, endpoints) => {
  expect(metadataEndpoints(flag, env)).toEqual(endpoints);
});

test.each([
  'https://169.254.169.254',
  'file:///etc/passwd',
  '169.254.169.254',
  'http://u:p@10.0.0.1',
  'http://10.0.0.1/x',
])('%s is no endpoint', (url) => {
  expect(() => metadataEndpoints(url, {})).toThrow('is no URL of a metadata service');
  expect(() => metadataEndpoints(undefined, { AWS_EC2_METADATA_SERVICE_ENDPOINT: url })).toThrow(
    'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  );
});

test('who has switched metadata off is respected, unless the flag names a service', () => {
  const env = { AWS_EC2_METADATA_DISABLED: 'true' };
  expect(() => metadataEndpoints(undefined, env)).toThrow('forbids asking');
  expect(metadataEndpoints('http://127.0.0.1:1', env)).toEqual(['http://127.0.0.1:1']);
});
