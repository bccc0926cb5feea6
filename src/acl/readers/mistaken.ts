import { type Element, field, isMapping } from './element.ts';

/** What a file may be by mistake, how it shows, and what to give instead. */
interface Mistake {
  readonly message: string;
  readonly hint: string;
}

const SHOW = 'run terraform show -json, on a plan file or without a file for the state';
const AS_JSON = 'run aws ec2 describe-network-acls --output json';
const HCL = 'this is Terraform configuration, whose values only Terraform knows';

const BY_TEXT: readonly (Mistake & { readonly begins: RegExp })[] = [
  {
    begins: /^\uFFFD|^[^\n]{0,3}\0/,
    message: 'this is not UTF-8 text',
    hint: 'write it as UTF-8; PowerShell writes UTF-16 for ">"',
  },
  { begins: /^\s*<\w*/, message: 'this is XML or HTML', hint: AS_JSON },
  { begins: /^\s*(?:NETWORKACLS|ASSOCIATIONS|ENTRIES)\t/, message: 'this is the text output of aws', hint: AS_JSON },
  { begins: /^\s*-{4,}\s*\n\s*\|/, message: 'this is the table output of aws', hint: AS_JSON },
  {
    begins:
      /^(?:\s|#[^\n]*\n|\/\/[^\n]*\n)*(?:resource|terraform|provider|module|variable|locals|data|output)\b[^\n:{]*\{/,
    message: HCL,
    hint: SHOW,
  },
];

const BY_KEYS: readonly (Mistake & { readonly keys: readonly string[] })[] = [
  { keys: ['terraform_version', 'lineage', 'resources'], message: "this is Terraform's own state file", hint: SHOW },
  { keys: ['@level', '@message'], message: "these are Terraform's messages, not a plan", hint: SHOW },
  { keys: ['resource'], message: HCL, hint: SHOW },
  {
    keys: ['SecurityGroups'],
    message: 'these are security groups, which keep state and let answers in by themselves',
    hint: AS_JSON,
  },
];

/** The keys that tell a YAML document of ours at the margin; without them a text is not worth parsing. */
const YAML_KEYS = /^["']?(?:Resources|AWSTemplateFormatVersion|NetworkAcls|Subnets)["']?[ \t]*:/m;

const NONE: Mistake = {
  message: 'this is none of the formats that portfence knows',
  hint: 'give the JSON of aws ec2 describe-network-acls, of terraform show -json, a CloudFormation template, or a table (docs/acl-table.md)',
};

/** What the text is, where it is something that many people would try. */
export function mistakenText(text: string): Mistake | undefined {
  const beginning = text.slice(0, 4000);
  const known = BY_TEXT.find(({ begins }) => begins.test(beginning));
  return known ?? (/^\s*[[{]/.test(beginning) || YAML_KEYS.test(text) ? undefined : NONE);
}

/** What a document of no known format is. */
export function mistakenDocument(document: Element): Mistake {
  const has = (key: string): boolean => isMapping(document.value) && field(document, key) !== undefined;
  return BY_KEYS.find(({ keys }) => keys.every(has)) ?? NONE;
}
