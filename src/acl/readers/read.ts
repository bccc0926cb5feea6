import { PortfenceError } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import type { AclInventory } from '../model.ts';
import { isAlibaba, readAlibaba } from './alibaba.ts';
import { isAnsible, readAnsible } from './ansible.ts';
import { isAwsOutput, readAwsOutput } from './aws-output.ts';
import { isTemplate, readTemplate, type TemplateInput } from './cloudformation.ts';
import { readDocuments } from './documents.ts';
import { type Element, field, isMapping } from './element.ts';
import { isHetzner, readHetzner } from './hetzner.ts';
import { mergeInventories } from './merge.ts';
import { mistakenDocument, mistakenText } from './mistaken.ts';
import { isOci, readOci } from './oci.ts';
import { aclFileError } from './problem.ts';
import { isTable, readTable } from './table.ts';
import type { ParameterValues } from './template-parameters.ts';
import { readTerraform } from './terraform.ts';
import { isTerraform } from './terraform-document.ts';

/** A file's content, or what came from standard input, under the name that errors call it by. */
export interface AclFile {
  readonly name: string;
  readonly text: string;
}

const LONGEST = 50 * 1024 * 1024;

/**
 * Reads files of network ACLs as one inventory. What a file is shows in its content: what EC2 lists (in any form that aws, AWS Config,
 * Ansible and the like save), a plan or a state of Terraform, a CloudFormation template, or a table (docs/acl-table.md). Throws
 * PortfenceError ACL_FILE, naming file and element, for the first thing that can't be, and USAGE for a value that no parameter can have;
 * what can't be judged is Unknown or unjudged in the answer.
 */
export function readAclFiles(files: readonly AclFile[], given: ParameterValues = NO_VALUES): AclInventory {
  const read = files.flatMap((file) => inventoriesOf(file, given));
  assertDeclared(given, read);
  return mergeInventories(read);
}

const NO_VALUES: ParameterValues = { values: new Map(), previous: new Set() };

/** A value for a parameter that no template has is a slip of the pen. */
function assertDeclared({ values, previous }: ParameterValues, read: readonly AclInventory[]): void {
  const declared = [...new Set(read.flatMap(({ parameters }) => parameters ?? []))];
  const stray = [...values.keys(), ...previous].find((name) => !name.startsWith('AWS::') && !declared.includes(name));
  if (stray === undefined) return;
  throw new PortfenceError('USAGE', `no template that was read has a parameter ${scrub(stray)}`, {
    hint: declared.length > 0 ? `there are: ${declared.slice(0, 12).map(scrub).join(', ')}` : 'leave --parameter out',
  });
}

function inventoriesOf({ name, text: given }: AclFile, values: ParameterValues): readonly AclInventory[] {
  const place = { file: name, path: '' };
  if (given.length > LONGEST) throw aclFileError(place, 'more than 50 MB', 'leave out what is not about network ACLs');
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given;
  if (!/\S/.test(text)) throw aclFileError(place, 'the file is empty', 'check the command that wrote it');
  if (isTable(text)) return [readTable({ name, text })];
  const mistaken = mistakenText(text);
  if (mistaken !== undefined) throw aclFileError(place, mistaken.message, mistaken.hint);
  const { documents, warnings } = readDocuments({ name, text });
  const form = /^\s*[[{]/.test(text) ? 'json' : 'yaml';
  if (documents.length === 0) throw aclFileError(place, 'the file is empty', 'check the command that wrote it');
  const unwrapped = documents.map(unwrap);
  const inventories = inventoriesOfDocuments(
    unwrapped.map(({ document }) => document),
    { given: values, form: unwrapped[0]?.form ?? form },
  );
  const all = [...warnings, ...unwrapped.flatMap((one) => one.warnings)];
  return [...inventories, { acls: [], subnets: [], unjudged: [], warnings: all }];
}

/** `aws cloudformation get-template` wraps a template: a JSON one as an object, a YAML one as a text. */
function unwrap(document: Element): {
  readonly document: Element;
  readonly warnings: readonly string[];
  readonly form?: 'yaml';
} {
  const body = isMapping(document.value) ? field(document, 'TemplateBody') : undefined;
  if (body === undefined) return { document, warnings: [] };
  if (typeof body.value !== 'string') return { document: body, warnings: [] };
  const { file, path } = body.place;
  const { documents, warnings } = readDocuments({ name: `${file}: ${path}`, text: body.value });
  const [only] = documents;
  if (only && documents.length === 1 && isTemplate(only)) return { document: only, warnings, form: 'yaml' };
  throw aclFileError(body.place, 'this is no template', 'write the file anew with aws cloudformation get-template');
}

function inventoriesOfDocuments(documents: readonly Element[], input: TemplateInput): readonly AclInventory[] {
  const first = documents.map((one) => ({ one, kind: kindOf(one) }));
  const unread = first.find(({ kind }) => kind === undefined);
  if (unread !== undefined) {
    const { message, hint } = mistakenDocument(unread.one);
    throw aclFileError(unread.one.place, message, hint);
  }
  const of = (wanted: Kind): readonly Element[] => first.filter(({ kind }) => kind === wanted).map(({ one }) => one);
  return [
    readAwsOutput(of('aws')),
    readOci(of('oci')),
    readHetzner(of('hetzner')),
    readAlibaba(of('alibaba')),
    readAnsible(of('ansible')),
    ...of('terraform').map(readTerraform),
    ...of('template').map((one) => readTemplate(one, input)),
  ];
}

type Kind = 'aws' | 'terraform' | 'template' | 'oci' | 'hetzner' | 'alibaba' | 'ansible';

function kindOf(document: Element): Kind | undefined {
  if (isTerraform(document)) return 'terraform';
  if (isAlibaba(document)) return 'alibaba';
  if (isAnsible(document)) return 'ansible';
  if (isHetzner(document)) return 'hetzner';
  if (isAwsOutput(document)) return 'aws';
  if (isOci(document)) return 'oci';
  return isTemplate(document) ? 'template' : undefined;
}
