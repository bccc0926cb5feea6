import { type Element, field, isMapping } from './element.ts';

/** What a file may be by mistake, how it shows, and what to give instead. */
interface Mistake {
  readonly message: string;
  readonly hint: string;
}

const SHOW = 'run terraform show -json, on a plan file or without a file for the state (tofu show -json likewise)';
const AS_JSON = 'run aws ec2 describe-network-acls --output json';
const HCL = 'this is Terraform configuration, whose values only Terraform knows';
const KEEP_STATE = 'they keep state and let answers in by themselves: no range is needed for them';
const OTHER_ACLS = 'give the rules that keep no state, if there are any';

const BLOCKS =
  'resource|terraform|provider|module|variable|locals|data|output|moved|import|check|removed|ephemeral|include|inputs|dependency|generate|remote_state';
const SPACE = String.raw`(?:\s|#[^\n]*\n|//[^\n]*\n|/\*[^]*?\*/)*`;

const BY_TEXT: readonly (Mistake & { readonly begins: RegExp })[] = [
  {
    begins: /^PK\x03\x04/,
    message: "this is a plan file in Terraform's own form, or another archive",
    hint: SHOW,
  },
  {
    begins: /^\uFFFD|^[^\n]{0,3}\0/,
    message: 'this is not UTF-8 text',
    hint: 'write it as UTF-8; PowerShell writes UTF-16 for ">"',
  },
  { begins: /^\s*<\w*/, message: 'this is XML or HTML', hint: AS_JSON },
  { begins: /^\s*(?:NETWORKACLS|ASSOCIATIONS|ENTRIES)\t/, message: 'this is the text output of aws', hint: AS_JSON },
  { begins: /^\s*-{4,}\s*\n\s*\|/, message: 'this is the table output of aws', hint: AS_JSON },
  {
    begins: new RegExp(`^${SPACE}(?:${BLOCKS})\\b(?:[ \\t]+(?:"[^"\\n]*"|[\\w-]+)){0,2}[ \\t]*=?[ \\t]*\\{`),
    message: HCL,
    hint: SHOW,
  },
  {
    begins: /^\s*(?:Terraform|OpenTofu) (?:will perform|used the selected|has compared)/,
    message: 'this is a plan as people read it',
    hint: SHOW,
  },
];

const BY_KEYS: readonly (Mistake & { readonly keys: readonly string[] })[] = [
  {
    keys: ['lineage', 'modules'],
    message: 'this is a state of Terraform 0.11 or older',
    hint: 'let a terraform of version 0.12 or newer read it, then run terraform show -json',
  },
  { keys: ['@level', '@message'], message: "these are Terraform's messages, not a plan", hint: SHOW },
  { keys: ['resource'], message: HCL, hint: SHOW },
  ...['Records', 'Events'].map((key) => ({
    keys: [key],
    message: 'these are events (CloudTrail), which tell what was called, not what the rules are',
    hint: AS_JSON,
  })),
  {
    keys: ['eventSource', 'eventName'],
    message: 'this is an event of CloudTrail, not a listing of rules',
    hint: AS_JSON,
  },
  {
    keys: ['vpcs'],
    message: "this is the configuration of AWS's Landing Zone Accelerator (networkAcls), which makes templates",
    hint: 'give the template that it makes (cdk.out), or run aws ec2 describe-network-acls in the account',
  },
  {
    keys: ['deployment'],
    message: 'this is a stack of Pulumi',
    hint: 'run aws ec2 describe-network-acls --output json, with the ids that pulumi stack output shows',
  },
  {
    keys: ['runtime', 'name'],
    message: 'this is a program of Pulumi',
    hint: 'run pulumi up, then aws ec2 describe-network-acls --output json',
  },
  {
    keys: ['Changes', 'ChangeSetName'],
    message: 'this is a change set, which lists only what changes',
    hint: 'run aws cloudformation get-template --change-set-name NAME --stack-name STACK',
  },
  {
    keys: ['StackResources'],
    message: 'these are the resources of a stack without their properties',
    hint: 'run aws cloudformation get-template --stack-name STACK',
  },
  {
    keys: ['artifacts', 'version'],
    message: "this is the manifest of CDK's output",
    hint: 'give the template beside it: cdk.out/STACK.template.json',
  },
  { keys: ['SecurityGroups'], message: `these are security groups: ${KEEP_STATE}`, hint: AS_JSON },
  { keys: ['SecurityGroupRules'], message: `these are rules of security groups: ${KEEP_STATE}`, hint: AS_JSON },
];

/** Keys that tell a YAML document at its margin, or in a list there; without them a text is not worth parsing. */
const YAML_KEYS =
  /^[ \t]*(?:-[ \t]+)?["']?(?:Resources|AWSTemplateFormatVersion|TemplateBody|Changes|(?:N|n)etworkAcls|network_acls|Subnets|subnets|Entries|entries|Associations|associations|RuleNumber|CidrBlock|configurationItems?|vpcs|resources|apiVersion|data|firewall|NetworkAclId|networkAclId|network_acl_id|SubnetId|AvailabilityZone)["']?[ \t]*:/m;

const NONE: Mistake = {
  message: 'this is none of the formats that portfence knows',
  hint: 'give the JSON of aws ec2 describe-network-acls, of terraform show -json, a CloudFormation template, or a table (docs/acl-table.md)',
};

/** What the text is, where it is something that many people would try. */
export function mistakenText(text: string): Mistake | undefined {
  const beginning = text.slice(0, 20_000);
  const known = BY_TEXT.find(({ begins }) => begins.test(beginning));
  return known ?? (/^\s*[[{"]/.test(beginning) || YAML_KEYS.test(text) ? undefined : NONE);
}

/** What a document of no known format is. */
export function mistakenDocument(document: Element): Mistake {
  const stateful = statefulCloud(document);
  if (stateful) return stateful;
  const has = (key: string): boolean => isMapping(document.value) && field(document, key) !== undefined;
  return BY_KEYS.find(({ keys }) => keys.every(has)) ?? NONE;
}

/** Azure's and Google's rules, one or a list of them, by the keys that their programs write. */
function statefulCloud({ value }: Element): Mistake | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (!isMapping(first)) return undefined;
  const has = (...keys: readonly string[]): boolean => keys.every((key) => Object.hasOwn(first, key));
  const type = typeof first['type'] === 'string' ? first['type'] : '';
  const kind = typeof first['kind'] === 'string' ? first['kind'] : '';
  if (
    has('securityRules') ||
    has('defaultSecurityRules') ||
    has('destinationPortRange', 'priority') ||
    has('destinationPortRanges', 'priority') ||
    /^Microsoft\.Network\/networkSecurityGroups/i.test(type)
  )
    return { message: `these are network security groups of Azure: ${KEEP_STATE}`, hint: OTHER_ACLS };
  if (/^compute#(?:firewall|securityPolic)/.test(kind) || has('sourceRanges', 'network') || has('direction', 'allowed'))
    return { message: `these are VPC firewall rules of Google Cloud: ${KEEP_STATE}`, hint: OTHER_ACLS };
  return undefined;
}
