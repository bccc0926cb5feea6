import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AclInventory } from '../../src/acl/model.ts';
import { readAclFiles } from '../../src/acl/readers/read.ts';
import { readLive } from '../../src/cloud/live.ts';
import { realSystem } from '../../src/system/real.ts';
import { type AwsSandbox, awsSandbox } from '../support/aws-sandbox.ts';
import { apiError, type Ec2Server, type Instead, VPC } from '../support/ec2-server.ts';
import { type Item, type MetadataServer, refuse, silence } from '../support/metadata-server.ts';

const REGION = 'eu-central-1';
let aws: AwsSandbox;
let ec2: Ec2Server;
let metadata: MetadataServer;
let folder: string;

beforeEach(async () => {
  aws = await awsSandbox();
  ({ ec2, metadata, folder } = aws);
});
afterEach(() => aws.close());

const keys = () => aws.logIn();
const read = (more: Partial<Parameters<typeof readLive>[1]> = {}) =>
  readLive(realSystem, { region: REGION, profile: undefined, endpoint: ec2.url, ofThisHost: false, ...more });
/** The listing itself, as the SDK gives it. */
const list = async () => {
  const { listRegion } = await import('../../src/cloud/ec2/listing.ts');
  const fallback = () => Promise.reject(new Error('not asked'));
  return listRegion({ region: REGION, profile: undefined, endpoint: ec2.url, fallback, now: () => Date.now() });
};
test('gives every ACL and subnet in the form of the AWS CLI, page by page', async () => {
  keys();
  ec2.pageSize = 1;
  expect(await list()).toEqual({ region: REGION, document: VPC });
  expect(ec2.calls.map(({ action, parameters }) => `${action} ${parameters.get('NextToken') ?? '-'}`)).toEqual([
    'DescribeNetworkAcls -',
    'DescribeNetworkAcls page-1',
    'DescribeSubnets -',
    'DescribeSubnets page-1',
  ]);
  expect(ec2.calls[0]?.scope).toBe(`AKIDENVIRONMENT ${REGION}/ec2`);
  expect(metadata.asked).toEqual([]);
});

test('is read as the output of the AWS CLI is', async () => {
  keys();
  const { inventory } = await read();
  expect(inventory).toEqual(renamed(readAclFiles([{ name: 'file', text: JSON.stringify(VPC) }])));
  expect(inventory.acls[0]?.place).toEqual({ file: `EC2 ${REGION}`, path: 'NetworkAcls[0]' });
});

const renamed = (inventory: AclInventory): unknown =>
  JSON.parse(JSON.stringify(inventory).replaceAll('"file":"file"', `"file":"EC2 ${REGION}"`));

test('of this host: the region is metadata’s, whatever the environment says, and the role gives the credentials, by IMDSv2', async () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  metadata.items.set('iam/security-credentials/', 'builder');
  metadata.items.set(
    'iam/security-credentials/builder',
    JSON.stringify({
      Code: 'Success',
      AccessKeyId: 'ASIAROLE',
      SecretAccessKey: 'secret',
      Token: 'session',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  );
  const { here, region } = await read({ region: undefined, ofThisHost: true });
  expect([here?.subnet, region]).toEqual(['subnet-0a1b2c3d4e5f60718', REGION]);
  expect(ec2.calls[0]).toMatchObject({ scope: `ASIAROLE ${REGION}/ec2`, session: 'session' });
});

test('a profile gives credentials and region', async () => {
  await writeFile(join(folder, 'config'), '[profile builds]\nregion = ap-southeast-2\n');
  await writeFile(
    join(folder, 'credentials'),
    '[builds]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n',
  );
  expect((await read({ region: undefined, profile: 'builds' })).region).toBe('ap-southeast-2');
  expect(ec2.calls[0]?.scope).toBe('AKIDPROFILE ap-southeast-2/ec2');
});

test('without any word of a region it is this host’s', async () => {
  keys();
  expect((await read({ region: undefined })).region).toBe(REGION);
  metadata.token = refuse(403, 'Forbidden');
  await expect(read({ region: undefined })).rejects.toMatchObject({
    code: 'CLOUD',
    hint: expect.stringContaining('--region or AWS_REGION'),
  });
  await expect(read({ ofThisHost: true })).rejects.toMatchObject({ hint: expect.stringContaining('--subnet') });
});

const past = new Date(Date.now() - 20 * 60_000).toUTCString();
const hangUp: Instead = (answer) => {
  answer.socket?.destroy();
  return true;
};
const proxyPage: Instead = (answer) => {
  answer.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please log in</body></html>');
  return true;
};

test.each<[string, Instead, RegExp, RegExp]>([
  [
    'lacks permission',
    apiError(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.'),
    /may not call ec2:DescribeNetworkAcls in eu-central-1/,
    /"ec2:DescribeNetworkAcls", "ec2:DescribeSubnets"/,
  ],
  ['is denied', apiError(403, 'AccessDenied', 'no'), /may not call/, /"Resource": "\*"/],
  [
    'has expired',
    apiError(400, 'RequestExpired', 'Request has expired.'),
    /does not accept these credentials/,
    /RequestExpired/,
  ],
  [
    'has an expired token',
    apiError(400, 'ExpiredToken', 'The security token is expired'),
    /credentials have expired/,
    /ExpiredToken/,
  ],
  [
    'is unknown',
    apiError(401, 'AuthFailure', 'AWS was not able to validate the provided access credentials'),
    /does not accept these credentials/,
    /not able to validate/,
  ],
  [
    'comes from a clock that is late',
    apiError(401, 'AuthFailure', 'not able to validate', { date: past }),
    /the clock of this host is 20 minutes later than AWS's/,
    /AuthFailure/,
  ],
  [
    'is for a region that is not enabled',
    apiError(401, 'OptInRequired', 'You are not subscribed to this service.'),
    /may not use EC2/,
    /OptIn/,
  ],
  ['is hung up', hangUp, /does not answer/, /ECONNRESET/],
])('a call that %s ends in one clear error', async (_, instead, message, detail) => {
  keys();
  ec2.instead = instead;
  await expect(read()).rejects.toMatchObject({
    code: 'CLOUD',
    message: expect.stringMatching(message),
    detail: expect.stringMatching(detail),
  });
});

test('a page that is not from EC2 never passes for an empty listing; an empty listing does', async () => {
  keys();
  ec2.instead = proxyPage;
  await expect(read()).rejects.toThrow('ec2:DescribeNetworkAcls in eu-central-1 answers without NetworkAcls');
  ec2.instead = () => false;
  Object.assign(ec2.tables, { NetworkAcls: [], Subnets: [] });
  expect((await read()).inventory).toEqual({ acls: [], subnets: [], unjudged: [] });
});

test('the second call is named where it is the one that is refused', async () => {
  keys();
  ec2.instead = (answer, call) =>
    call.action === 'DescribeSubnets' && apiError(403, 'UnauthorizedOperation', 'no')(answer, call);
  await expect(read()).rejects.toThrow('may not call ec2:DescribeSubnets');
});

test('what EC2 says is scrubbed', async () => {
  keys();
  ec2.instead = apiError(403, 'UnauthorizedOperation', '\u009b2Jno');
  await expect(read()).rejects.toMatchObject({ detail: expect.stringContaining('UnauthorizedOperation: ?2Jno') });
});

test('a listing that names the same next page for ever comes to an end', async () => {
  keys();
  ec2.instead = (answer) => {
    answer
      .writeHead(200, { 'content-type': 'text/xml' })
      .end('<DescribeNetworkAclsResponse><networkAclSet/><nextToken>again</nextToken></DescribeNetworkAclsResponse>');
    return true;
  };
  await expect(read()).rejects.toThrow('does not come to an end');
  expect(ec2.calls.length).toBe(2);
});

test.each<[string, Item | undefined]>([
  ['switched off', refuse(403, 'Forbidden')],
  ['silent', silence],
  ['without a role', undefined],
])('no credentials, and metadata %s: told with the ways to get some; version 1 is never asked', async (_, token) => {
  if (token !== undefined) metadata.token = token;
  await expect(read()).rejects.toMatchObject({
    message: 'no AWS credentials were found',
    hint: expect.stringContaining('--profile'),
  });
  if (token !== undefined) expect(metadata.asked.filter((line) => line.startsWith('GET'))).toEqual([]);
});

test('an SSO session that is over is told with its remedy', async () => {
  await writeFile(
    join(folder, 'config'),
    '[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = reader\n[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.invalid/start\n',
  );
  await expect(read({ profile: 'sso' })).rejects.toMatchObject({
    code: 'CLOUD',
    hint: expect.stringContaining('aws sso login'),
  });
});

test('a profile that is not there is told', async () => {
  await expect(read({ profile: 'nobody' })).rejects.toThrow('no AWS credentials were found for the profile nobody');
});

test('a name that nobody knows is told', async () => {
  keys();
  await expect(read({ endpoint: 'http://ec2.invalid' })).rejects.toMatchObject({
    message: 'no address is known of the EC2 API at http://ec2.invalid',
    hint: expect.stringContaining('is the region right'),
  });
});

test('an address where nobody listens is told', async () => {
  keys();
  await ec2.close();
  await expect(read()).rejects.toMatchObject({
    message: expect.stringContaining('does not answer'),
    hint: expect.stringContaining('VPC endpoint'),
  });
});

test.each([
  [{ region: 'eu-central-1.example.org' }, 'no AWS region'],
  [{ endpoint: 'ec2.eu-central-1' }, 'no URL'],
  [{ endpoint: 'file:///etc' }, 'no URL'],
])('%o is wrong usage', async (flags, words) => {
  await expect(read(flags)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(words) });
});
