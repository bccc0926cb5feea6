import type { AclInventory } from '../model.ts';
import { isAwsOutput, readAwsOutput } from './aws-cli.ts';
import { isTemplate, readTemplate } from './cloudformation.ts';
import type { Element } from './element.ts';
import { readJsonDocuments } from './json-text.ts';
import { mergeInventories } from './merge.ts';
import { mistakenDocument, mistakenText } from './mistaken.ts';
import { aclFileError } from './problem.ts';
import { isTable, readTable } from './table.ts';
import { readTerraform } from './terraform.ts';
import { isTerraform } from './terraform-document.ts';
import { readYaml } from './yaml-text.ts';

/** A file's content, or what came from standard input, under the name that errors call it by. */
export interface AclFile {
  readonly name: string;
  readonly text: string;
}

const LONGEST = 50 * 1024 * 1024;

/**
 * Reads files of network ACLs as one inventory. What a file is shows in its content: output of `aws ec2 describe-network-acls`
 * and `describe-subnets`, `terraform show -json` of a plan or a state, a CloudFormation template, or a table (docs/acl-table.md).
 * Throws PortfenceError ACL_FILE, naming file and element, for the first thing that can't be; what can't be judged is Unknown
 * or unjudged in the answer.
 */
export function readAclFiles(files: readonly AclFile[]): AclInventory {
  return mergeInventories(files.flatMap(inventoriesOf));
}

function inventoriesOf({ name, text: given }: AclFile): readonly AclInventory[] {
  const place = { file: name, path: '' };
  if (given.length > LONGEST) throw aclFileError(place, 'more than 50 MB', 'leave out what is not about network ACLs');
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given;
  const start = /\S/.exec(text)?.[0];
  if (start === undefined) throw aclFileError(place, 'the file is empty', 'check the command that wrote it');
  if (isTable(text)) return [readTable({ name, text })];
  const mistaken = mistakenText(text);
  if (mistaken !== undefined) throw aclFileError(place, mistaken.message, mistaken.hint);
  const documents = start === '{' || start === '[' ? readJsonDocuments({ name, text }) : [readYaml({ name, text })];
  return inventoriesOfDocuments(documents);
}

function inventoriesOfDocuments(documents: readonly Element[]): readonly AclInventory[] {
  const unread = documents.find((one) => !isAwsOutput(one) && !isTerraform(one) && !isTemplate(one));
  if (unread !== undefined) {
    const { message, hint } = mistakenDocument(unread);
    throw aclFileError(unread.place, message, hint);
  }
  return [
    readAwsOutput(documents.filter(isAwsOutput)),
    ...documents.filter(isTerraform).map(readTerraform),
    ...documents.filter((one) => isTemplate(one) && !isTerraform(one) && !isAwsOutput(one)).map(readTemplate),
  ];
}
