import { stringify } from 'yaml';
import {
  asAwsOutput,
  asTemplateJson,
  asTemplateYaml,
  asTerraformState,
  type SampleAcl,
  WRITERS,
} from './acl-writers.ts';

type Json = { readonly [key: string]: unknown };
type Write = (sample: SampleAcl) => string;

const listing = (sample: SampleAcl): { NetworkAcls: readonly [Json & { Entries: readonly Json[] }] } =>
  JSON.parse(asAwsOutput(sample));

/** Every key, at any depth, in another spelling. */
function respelled(value: unknown, spell: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => respelled(one, spell));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [spell(key), respelled(one, spell)]));
}
const snake = (key: string): string => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
const camel = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);

const configItem = (sample: SampleAcl, configuration: unknown): Json => ({
  resourceType: 'AWS::EC2::NetworkAcl',
  resourceId: String(listing(sample).NetworkAcls[0]['NetworkAclId']),
  configurationItemStatus: 'OK',
  configuration,
});
const configured = (sample: SampleAcl): unknown => respelled(listing(sample).NetworkAcls[0], camel);

/** The state that Terraform keeps, version 4, made of what `terraform show -json` prints of it. */
function asRawState(sample: SampleAcl): string {
  const shown = JSON.parse(asTerraformState(sample)) as {
    values: { root_module: { resources: readonly (Json & { values: unknown })[] } };
  };
  const resources = shown.values.root_module.resources.map(({ mode, type, name, values }) => ({
    ...{ mode, type, name, provider: 'provider["registry.opentofu.org/hashicorp/aws"]' },
    instances: [{ schema_version: 0, attributes: values, sensitive_attributes: [] }],
  }));
  return JSON.stringify({ version: 4, terraform_version: '1.9.5', serial: 1, lineage: 'a-b', outputs: {}, resources });
}

/** A template in which everything hangs on conditions that hold, and values come from defaults, maps and functions. */
function asConditionalTemplate(sample: SampleAcl): string {
  const template = JSON.parse(asTemplateJson(sample)) as { Resources: Record<string, Json & { Properties: Json }> };
  const resources = Object.entries(template.Resources).map(([id, resource]) => {
    if (resource['Type'] !== 'AWS::EC2::NetworkAclEntry') return [id, resource];
    const { RuleNumber, RuleAction, ...more } = resource.Properties;
    const properties = {
      ...more,
      RuleNumber: { 'Fn::Select': [1, { 'Fn::Split': ['-', `n-${String(RuleNumber)}`] }] },
      RuleAction: { 'Fn::If': ['Holds', RuleAction, { Ref: 'AWS::NoValue' }] },
    };
    return [id, { ...resource, Condition: 'Holds', Properties: properties }];
  });
  return JSON.stringify({
    Parameters: { Stage: { Type: 'String', Default: 'x' } },
    Mappings: { Stages: { x: { wanted: 'yes' } } },
    Conditions: {
      Holds: { 'Fn::And': [{ Condition: 'Inner' }, { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Stage' }, 'y'] }] }] },
      Inner: { 'Fn::Equals': [{ 'Fn::FindInMap': ['Stages', { Ref: 'Stage' }, 'wanted'] }, 'yes'] },
    },
    Resources: Object.fromEntries(resources),
  });
}

/** An open parameter decides nothing here: each entry stands in one of two forms, which are the same. */
function asOpenTemplate(sample: SampleAcl): string {
  const template = JSON.parse(asTemplateJson(sample)) as { Resources: Record<string, Json> };
  const resources = Object.entries(template.Resources).flatMap(([id, resource]) =>
    resource['Type'] === 'AWS::EC2::NetworkAclEntry'
      ? [
          [`${id}a`, { ...resource, Condition: 'Either' }],
          [`${id}b`, { ...resource, Condition: 'Other' }],
        ]
      : [[id, resource]],
  );
  return JSON.stringify({
    Parameters: { Stage: { Type: 'String' } },
    Conditions: {
      Either: { 'Fn::Equals': [{ Ref: 'Stage' }, 'a'] },
      Other: { 'Fn::Not': [{ Condition: 'Either' }] },
    },
    Resources: Object.fromEntries(resources),
  });
}

/** What Ansible's module returns: rules as lists. */
function asAnsible(sample: SampleAcl): string {
  const shown = JSON.parse(asTerraformState(sample)) as {
    values: {
      root_module: { resources: readonly { values: Json & { ingress: readonly Json[]; egress: readonly Json[] } }[] };
    };
  };
  const [{ values } = { values: { ingress: [], egress: [] } }] = shown.values.root_module.resources;
  const rules = (all: readonly Json[]) =>
    all.map((one) => {
      const hasPorts = one['protocol'] === '6' || one['protocol'] === '17';
      const isIcmp = one['protocol'] === '1' || one['protocol'] === '58';
      return [
        ...[one['rule_no'], one['protocol'], one['action'], one['cidr_block'] || one['ipv6_cidr_block']],
        ...(isIcmp ? [one['icmp_type'], one['icmp_code']] : [null, null]),
        ...(hasPorts ? [one['from_port'], one['to_port']] : [null, null]),
      ];
    });
  const nacl = { nacl_id: 'acl-1', vpc_id: 'vpc-1', is_default: false, subnets: ['subnet-1'] };
  return JSON.stringify({ nacls: [{ ...nacl, ingress: rules(values.ingress), egress: rules(values.egress) }] });
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');
const wrapped = (TemplateBody: unknown): string => JSON.stringify({ TemplateBody, StagesAvailable: ['Original'] });

/** Every form in which one ACL can be read; all of them mean the same. */
export const FORMS: Readonly<Record<string, Write>> = {
  ...WRITERS,
  'aws --output yaml': (sample) => stringify(listing(sample)),
  'aws --output yaml-stream': (sample) => stringify([listing(sample)]),
  'aws --query NetworkAcls': (sample) => JSON.stringify(listing(sample).NetworkAcls),
  'aws --query NetworkAcls[0] --output yaml': (sample) => stringify(listing(sample).NetworkAcls[0]),
  'aws --query NetworkAcls[0].Entries': (sample) => JSON.stringify(listing(sample).NetworkAcls[0].Entries),
  'two pages of aws': (sample) => `${JSON.stringify({ NetworkAcls: [], NextToken: 'a' })}\n${asAwsOutput(sample)}`,
  'keys in snake case': (sample) => JSON.stringify(respelled(listing(sample), snake)),
  'a record of AWS Config': (sample) =>
    JSON.stringify({ configurationItems: [configItem(sample, configured(sample))] }),
  'a record of AWS Config with a text': (sample) =>
    JSON.stringify({ ConfigurationItem: configItem(sample, JSON.stringify(configured(sample))) }),
  "Ansible's ec2_vpc_nacl_info": asAnsible,
  'a raw state of Terraform': asRawState,
  'a template with conditions that hold': asConditionalTemplate,
  'a template with conditions that are open': asOpenTemplate,
  'a template in YAML with a margin': (sample) => indented(asTemplateYaml(sample)),
  'a template with CRLF and BOM': (sample) => `\uFEFF${asTemplateYaml(sample).replaceAll('\n', '\r\n')}`,
  'get-template of JSON': (sample) => wrapped(JSON.parse(asTemplateJson(sample))),
  'get-template of YAML': (sample) => wrapped(asTemplateYaml(sample)),
  'get-template --query TemplateBody': (sample) => JSON.stringify(asTemplateYaml(sample)),
};
