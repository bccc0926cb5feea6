import { stringify } from 'yaml';
import { type AclEntry, isUnknown, type Known } from '../../src/acl/model.ts';
import { portsText } from '../../src/ports.ts';

/** One ACL with its subnet, to be written in every format; entries as AWS can have them. */
export interface SampleAcl {
  readonly entries: readonly AclEntry[];
  /** In which order the document lists them, by index; undefined keeps theirs. */
  readonly order?: readonly number[];
}

type Json = Readonly<Record<string, unknown>>;

const known = <T>(value: Known<T>): T => {
  if (isUnknown(value)) throw new TypeError('a sample has no unknown values');
  return value;
};
const rangeOf = (entry: AclEntry): { from: number; to: number } | undefined =>
  entry.protocol === 6 || entry.protocol === 17 ? known(entry.ports)[0] : undefined;
const icmpOf = (entry: AclEntry): { type: number; code: number } | undefined => {
  const { type, code } = known(entry.icmp);
  const isIcmp = entry.protocol === 1 || entry.protocol === 58;
  return isIcmp ? { type: type === 'any' ? -1 : type, code: code === 'any' ? -1 : code } : undefined;
};
const numberOf = ({ protocol }: AclEntry): number => (protocol === 'all' ? -1 : Number(protocol));
const listed = ({ entries, order }: SampleAcl): readonly AclEntry[] =>
  (order ?? entries.map((_, i) => i)).flatMap((i) => entries.slice(i, i + 1));

/** `aws ec2 describe-network-acls`, with the implicit entries that AWS adds. */
export function asAwsOutput(sample: SampleAcl, id = 'acl-0a1b'): string {
  const implicit = [false, true].flatMap((Egress) => [
    { CidrBlock: '0.0.0.0/0', Egress, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32_767 },
    { Ipv6CidrBlock: '::/0', Egress, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32_768 },
  ]);
  const entries = listed(sample).map((entry) => {
    const [ports, icmp] = [rangeOf(entry), icmpOf(entry)];
    return {
      [entry.family === 'ipv4' ? 'CidrBlock' : 'Ipv6CidrBlock']: entry.remote,
      Egress: entry.direction === 'outbound',
      ...(ports && { PortRange: { From: ports.from, To: ports.to } }),
      ...(icmp && { IcmpTypeCode: { Type: icmp.type, Code: icmp.code } }),
      Protocol: String(numberOf(entry)),
      RuleAction: entry.allow === true ? 'allow' : 'deny',
      RuleNumber: entry.number,
    };
  });
  const acl = {
    Associations: [{ NetworkAclAssociationId: 'aclassoc-1', NetworkAclId: id, SubnetId: 'subnet-1' }],
    Entries: [...implicit, ...entries],
    IsDefault: false,
    NetworkAclId: id,
    Tags: [],
    VpcId: 'vpc-1',
    OwnerId: '111122223333',
  };
  return JSON.stringify({ NetworkAcls: [acl] }, null, 4);
}

const NAMES: Readonly<Record<number, string>> = { [-1]: 'all', 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

function terraformRule(entry: AclEntry, keys: { number: string; action: string }, named: boolean): Json {
  const [ports, icmp, number] = [rangeOf(entry), icmpOf(entry), numberOf(entry)];
  return {
    [keys.action]: entry.allow === true ? 'allow' : 'deny',
    cidr_block: entry.family === 'ipv4' ? entry.remote : '',
    ipv6_cidr_block: entry.family === 'ipv6' ? entry.remote : '',
    from_port: ports?.from ?? 0,
    to_port: ports?.to ?? 0,
    icmp_type: icmp?.type ?? 0,
    icmp_code: icmp?.code ?? 0,
    protocol: (named ? NAMES[number] : undefined) ?? String(number),
    [keys.number]: entry.number,
  };
}

/** `terraform show -json` of a state with inline rules. */
export function asTerraformState(sample: SampleAcl): string {
  const inline = (direction: string) =>
    listed(sample)
      .filter((entry) => entry.direction === direction)
      .map((entry) => terraformRule(entry, { number: 'rule_no', action: 'action' }, false));
  const values = {
    id: 'acl-0a1b',
    vpc_id: 'vpc-1',
    subnet_ids: ['subnet-1'],
    ingress: inline('inbound'),
    egress: inline('outbound'),
  };
  const resource = { address: 'aws_network_acl.main', mode: 'managed', type: 'aws_network_acl', name: 'main', values };
  return JSON.stringify({ format_version: '1.0', values: { root_module: { resources: [resource] } } });
}

/** `terraform show -json` of a plan that makes the ACL with rules of their own: every id is known only after apply. */
export function asTerraformPlan(sample: SampleAcl): string {
  const created = (type: string, name: string, after: Json, unknown: Json, index?: number) => ({
    address: `${type}.${name}${index === undefined ? '' : `[${index}]`}`,
    mode: 'managed',
    type,
    name,
    ...(index === undefined ? {} : { index }),
    change: { actions: ['create'], before: null, after, after_unknown: { id: true, ...unknown } },
  });
  const rules = listed(sample).map((entry, i) => {
    const after = terraformRule(entry, { number: 'rule_number', action: 'rule_action' }, true);
    const values = { ...after, egress: entry.direction === 'outbound' };
    return created('aws_network_acl_rule', 'each', values, { network_acl_id: true }, i);
  });
  const refers = (...references: readonly string[]) => ({ references });
  const resource = (type: string, name: string, expressions: Json) => ({ mode: 'managed', type, name, expressions });
  return JSON.stringify({
    format_version: '1.2',
    planned_values: { root_module: {} },
    resource_changes: [
      ...rules,
      created('aws_network_acl', 'main', {}, { ingress: true, egress: true, subnet_ids: true, vpc_id: true }),
      created('aws_subnet', 'a', { cidr_block: '10.0.1.0/24' }, { vpc_id: true }),
    ],
    configuration: {
      root_module: {
        resources: [
          resource('aws_network_acl', 'main', {
            vpc_id: refers('aws_vpc.this.id', 'aws_vpc.this'),
            subnet_ids: refers('aws_subnet.a.id', 'aws_subnet.a'),
          }),
          resource('aws_network_acl_rule', 'each', {
            network_acl_id: refers('aws_network_acl.main.id', 'aws_network_acl.main'),
          }),
        ],
      },
    },
  });
}

function template(sample: SampleAcl): Json {
  const entries = listed(sample).map((entry, i) => {
    const [ports, icmp] = [rangeOf(entry), icmpOf(entry)];
    const properties = {
      NetworkAclId: { Ref: 'Main' },
      RuleNumber: i % 2 === 0 ? entry.number : String(known(entry.number)),
      Protocol: i % 2 === 0 ? numberOf(entry) : String(numberOf(entry)),
      RuleAction: entry.allow === true ? 'allow' : 'deny',
      ...(entry.direction === 'outbound' ? { Egress: true } : {}),
      [entry.family === 'ipv4' ? 'CidrBlock' : 'Ipv6CidrBlock']: entry.remote,
      ...(ports && { PortRange: { From: ports.from, To: ports.to } }),
      ...(icmp && { Icmp: { Type: icmp.type, Code: icmp.code } }),
    };
    return [`Entry${i}`, { Type: 'AWS::EC2::NetworkAclEntry', Properties: properties }] as const;
  });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Resources: {
      ...Object.fromEntries(entries),
      Main: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: { Ref: 'Vpc' } } },
      Serves: {
        Type: 'AWS::EC2::SubnetNetworkAclAssociation',
        Properties: { NetworkAclId: { 'Fn::GetAtt': ['Main', 'Id'] }, SubnetId: { Ref: 'A' } },
      },
      A: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.0.1.0/24' } },
      Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
    },
  };
}

export function asTemplateJson(sample: SampleAcl): string {
  return JSON.stringify(template(sample), null, 2);
}

/** A template in YAML, references in their short form. */
export function asTemplateYaml(sample: SampleAcl): string {
  return stringify(template(sample))
    .replace(/\n\s+Ref: (\w+)/g, ' !Ref $1')
    .replace(/\n\s+Fn::GetAtt:\n\s+- (\w+)\n\s+- (\w+)/g, ' !GetAtt $1.$2');
}

export function asTable(sample: SampleAcl): string {
  const rules = listed(sample).map((entry) => {
    const icmp = icmpOf(entry);
    const part = (number: number) => (number === -1 ? 'any' : String(number));
    const ports = rangeOf(entry)
      ? portsText(known(entry.ports))
      : icmp
        ? `${part(icmp.type)}/${part(icmp.code)}`
        : 'any';
    const protocol = NAMES[numberOf(entry)] ?? numberOf(entry);
    const action = entry.allow === true ? 'allow' : 'deny';
    return `  ${entry.direction === 'inbound' ? 'in' : 'out'} ${entry.number} ${action} ${protocol} ${ports} ${entry.remote}`;
  });
  return ['# made by a test', 'acl main vpc vpc-1', '  subnet subnet-1 10.0.1.0/24', ...rules, ''].join('\n');
}

export const WRITERS = {
  'aws ec2 describe-network-acls': asAwsOutput,
  'terraform show -json of a state': asTerraformState,
  'terraform show -json of a plan': asTerraformPlan,
  'a template in JSON': asTemplateJson,
  'a template in YAML': asTemplateYaml,
  'a table': asTable,
} as const;
