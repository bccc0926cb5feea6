import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** A request that the server got. */
export interface Call {
  readonly action: string;
  readonly parameters: URLSearchParams;
  /** Key id, region and service as signed (SigV4). */
  readonly scope: string;
  /** The session token of temporary credentials. */
  readonly session: string | undefined;
}

/** Answers a call in another way than with data; true where it did. */
export type Instead = (answer: ServerResponse, call: Call) => boolean;

/** A server that answers as the EC2 API does. */
export interface Ec2Server {
  readonly url: string;
  readonly calls: Call[];
  /** The tables that are listed, in the form of the AWS CLI. */
  readonly tables: { NetworkAcls: readonly Json[]; Subnets: readonly Json[] };
  /** The most rows a page. */
  pageSize: number;
  instead: Instead;
  close(): Promise<void>;
}

const SETS: Readonly<Record<string, string>> = {
  NetworkAcls: 'networkAclSet',
  Subnets: 'subnetSet',
  Associations: 'associationSet',
  Entries: 'entrySet',
  IsDefault: 'default',
  Tags: 'tagSet',
  Ipv6CidrBlockAssociationSet: 'ipv6CidrBlockAssociationSet',
};
const elementOf = (key: string): string => SETS[key] ?? key.charAt(0).toLowerCase() + key.slice(1);
const escaped = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function xml(value: Json): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((one: Json) => `<item>${xml(one)}</item>`).join('');
  if (typeof value !== 'object') return escaped(String(value));
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== undefined)
    .map(([key, inner]) => `<${elementOf(key)}>${xml(inner)}</${elementOf(key)}>`)
    .join('');
}

/** An error in the form of the EC2 Query API. */
export const apiError =
  (status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Instead =>
  (answer) => {
    answer
      .writeHead(status, { 'content-type': 'text/xml;charset=UTF-8', ...headers })
      .end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error></Errors><RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>`,
      );
    return true;
  };

/** The EC2 Query API on loopback, as far as network ACLs and subnets go: signed POSTs, XML, pages by NextToken. */
export async function ec2Server(tables: Partial<Ec2Server['tables']> = {}): Promise<Ec2Server> {
  const calls: Call[] = [];
  const state = { pageSize: 1000, instead: (() => false) as Instead };
  const served = { NetworkAcls: tables.NetworkAcls ?? [], Subnets: tables.Subnets ?? [] };
  const server = createServer(async (request, answer) => {
    const parameters = new URLSearchParams(await text(request));
    const action = parameters.get('Action') ?? '';
    const scope = /Credential=([^/]+)\/\d{8}\/([^/]+\/[^/]+)\/aws4_request/.exec(request.headers.authorization ?? '');
    const session = request.headers['x-amz-security-token'];
    const call = { action, parameters, scope: scope ? `${scope[1]} ${scope[2]}` : '', session: session?.toString() };
    calls.push(call);
    if (state.instead(answer, call)) return;
    if (!scope) return void apiError(401, 'AuthFailure', 'no signature')(answer, call);
    const name =
      action === 'DescribeNetworkAcls' ? 'NetworkAcls' : action === 'DescribeSubnets' ? 'Subnets' : undefined;
    if (!name) return void apiError(400, 'InvalidAction', `no action ${action}`)(answer, call);
    const from = Number(parameters.get('NextToken')?.replace('page-', '') ?? 0);
    const to = from + Math.min(state.pageSize, Number(parameters.get('MaxResults') ?? 1000));
    const rows = served[name].slice(from, to);
    const next = to < served[name].length ? `<nextToken>page-${to}</nextToken>` : '';
    answer
      .writeHead(200, { 'content-type': 'text/xml;charset=UTF-8' })
      .end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><${elementOf(name)}>${xml(rows)}</${elementOf(name)}>${next}</${action}Response>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    tables: served,
    get pageSize() {
      return state.pageSize;
    },
    set pageSize(size) {
      state.pageSize = size;
    },
    get instead() {
      return state.instead;
    },
    set instead(instead) {
      state.instead = instead;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const rule = (
  RuleNumber: number,
  Egress: boolean,
  RuleAction: string,
  more: { readonly [key: string]: Json },
): Json => ({
  ...more,
  Egress,
  RuleAction,
  RuleNumber,
});
const every = { CidrBlock: '0.0.0.0/0', Protocol: '-1' };

/** A VPC with the ACL of the README, and its default ACL; two subnets. */
export const VPC: { readonly NetworkAcls: readonly Json[]; readonly Subnets: readonly Json[] } = {
  NetworkAcls: [
    {
      Associations: [
        {
          NetworkAclAssociationId: 'aclassoc-0a1b2c3d4e5f60718',
          NetworkAclId: 'acl-0a1b2c3d4e5f60718',
          SubnetId: 'subnet-0a1b2c3d4e5f60718',
        },
      ],
      Entries: [
        rule(100, true, 'allow', every),
        rule(32_767, true, 'deny', every),
        rule(100, false, 'allow', { CidrBlock: '0.0.0.0/0', PortRange: { From: 49_152, To: 61_000 }, Protocol: '6' }),
        rule(110, false, 'allow', { IcmpTypeCode: { Code: 4, Type: 3 }, CidrBlock: '0.0.0.0/0', Protocol: '1' }),
        rule(120, false, 'allow', { Ipv6CidrBlock: '::/0', PortRange: { From: 1024, To: 65_535 }, Protocol: '6' }),
        rule(32_767, false, 'deny', every),
      ],
      IsDefault: false,
      NetworkAclId: 'acl-0a1b2c3d4e5f60718',
      Tags: [{ Key: 'Name', Value: 'builders & <others>' }],
      VpcId: 'vpc-0a1b2c3d4e5f60718',
      OwnerId: '123456789012',
    },
    {
      Associations: [],
      Entries: [rule(100, true, 'allow', every), rule(100, false, 'allow', every)],
      IsDefault: true,
      NetworkAclId: 'acl-0ffffffffffffffff',
      Tags: [],
      VpcId: 'vpc-0a1b2c3d4e5f60718',
      OwnerId: '123456789012',
    },
  ],
  Subnets: [
    { CidrBlock: '10.20.1.0/24', SubnetId: 'subnet-0a1b2c3d4e5f60718', VpcId: 'vpc-0a1b2c3d4e5f60718' },
    { CidrBlock: '10.20.2.0/24', SubnetId: 'subnet-0bbbbbbbbbbbbbbbb', VpcId: 'vpc-0a1b2c3d4e5f60718' },
  ],
};
