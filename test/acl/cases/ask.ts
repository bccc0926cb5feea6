import { inProcess } from '../../support/in-process.ts';

/** What scripts read of an answer. */
export interface Told {
  readonly ranges: readonly string[];
  readonly unsure: readonly string[];
  readonly certain: boolean;
  readonly recommended: string | null;
}

/** `acl ranges` about one file, for IPv4 unless the arguments say more. */
export async function ask(file: { name: string; text: string }, ...args: readonly string[]) {
  const peer = args.includes('--peer') ? [] : ['--peer', '0.0.0.0/0'];
  const answered = await inProcess(['acl', 'ranges', '--file', file.name, '--json', ...peer, ...args], {
    files: { [file.name]: file.text },
  });
  const { ranges, unsure, certain, recommended } = answered.json as Told;
  return {
    exit: answered.exit,
    ranges,
    unsure,
    certain,
    recommended,
    said: `${answered.notes.join()}${JSON.stringify(answered.json)}`,
  };
}

/** A template with the sections that the lines say, an ACL named Door that lets every request out, and its resources. */
export function template(resources: string, before = ''): { name: string; text: string } {
  const text = `${before}
Resources:
  Net: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.70.0.0/16 } }
  Desk: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Net, CidrBlock: 10.70.1.0/24 } }
  Door: { Type: AWS::EC2::NetworkAcl, Properties: { VpcId: !Ref Net } }
  DoorOut: { Type: AWS::EC2::NetworkAclEntry, Properties: { NetworkAclId: !Ref Door, RuleNumber: 5, Protocol: -1, RuleAction: allow, Egress: true, CidrBlock: 0.0.0.0/0 } }
${resources}`;
  return { name: 'door.yaml', text };
}

/** An entry for answers over TCP as a resource. */
export function answers(id: string, ports: string, more = '', number = 10, action = 'allow'): string {
  const condition = more === '' ? '' : `Condition: ${more}, `;
  return `  ${id}: { Type: AWS::EC2::NetworkAclEntry, ${condition}Properties: { NetworkAclId: !Ref Door, RuleNumber: ${number}, Protocol: 6, RuleAction: ${action}, CidrBlock: 0.0.0.0/0, PortRange: ${ports} } }`;
}
