import type { AclInventory, SourcePlace, Subnet } from '../model.ts';
import { readKnownBlock } from './blocks.ts';
import { type AclDraft, emptyDraft } from './draft.ts';
import { aclFileError, shown } from './problem.ts';
import { entriesOfLine } from './table-entry.ts';

const ACL_LINE = 'write: acl NAME [default] [vpc ID]';
const SUBNET_LINE = 'write: subnet ID [BLOCK ...]';
const LINES = 'begin the line with acl, subnet, in or out; see docs/acl-table.md';
const MOST_LINES = 200_000;
const FIRST_LINE = /^(?:acl|subnet)[ \t]+[^\s:]/i;

/** Whether a text is a table of ours: its first line that says something begins with acl or subnet. */
export function isTable(text: string): boolean {
  for (const line of linesOf(text)) {
    const words = line.replace(/#.*/, '').trim();
    if (words !== '') return FIRST_LINE.test(words);
  }
  return false;
}

/** Reads a plain table of ACLs (docs/acl-table.md). Throws ACL_FILE. */
export function readTable({ name, text }: { name: string; text: string }): AclInventory {
  const acls: AclDraft[] = [];
  const subnets: Subnet[] = [];
  let lineNumber = 0;
  for (const line of linesOf(text)) {
    lineNumber += 1;
    if (lineNumber > MOST_LINES)
      throw aclFileError({ file: name, path: '' }, `a table of more than ${MOST_LINES} lines`, 'write several files');
    const at = { file: `${name}:${lineNumber}`, path: '' };
    const place = { file: name, path: `line ${lineNumber}` };
    const words = line
      .replace(/(?:^|\s)#.*/, '')
      .trim()
      .split(/\s+/);
    const [first = '', ...rest] = words;
    const acl = acls.at(-1);
    const kind = first.toLowerCase();
    if (kind === '') continue;
    if (kind === 'acl') acls.push(aclOf(rest, at, place));
    else if (kind === 'subnet') {
      const subnet = subnetOf(rest, at, acl?.vpc);
      subnets.push(subnet);
      acl?.subnets.push(subnet.id);
    } else if (kind === 'in' || kind === 'out') {
      if (acl === undefined)
        throw aclFileError(at, 'a rule stands before the first ACL', 'write a line "acl NAME" above');
      acl.entries.push(...entriesOfLine(kind === 'in' ? 'inbound' : 'outbound', rest, at, place));
    } else throw aclFileError(at, `${shown(first)} begins no line of a table`, LINES);
  }
  return { acls, subnets, unjudged: [] };
}

function aclOf([id, ...more]: readonly string[], at: SourcePlace, place: SourcePlace): AclDraft {
  if (id === undefined) throw aclFileError(at, 'the ACL has no name', ACL_LINE);
  const isDefault = more[0]?.toLowerCase() === 'default';
  const [word, vpc, ...rest] = isDefault ? more.slice(1) : more;
  const isFine = word === undefined || (word.toLowerCase() === 'vpc' && vpc !== undefined && rest.length === 0);
  if (!isFine) throw aclFileError(at, `${shown(more.join(' '))} can't follow the name of an ACL`, ACL_LINE);
  return emptyDraft({ id, vpc, isDefault, exempts: 'none', place });
}

function subnetOf([id, ...words]: readonly string[], at: SourcePlace, vpc: string | undefined): Subnet {
  if (id === undefined) throw aclFileError(at, 'the subnet has no name', SUBNET_LINE);
  const blocks = words.map((word) => {
    const block = readKnownBlock(word);
    if (block === undefined) throw aclFileError(at, `${shown(word)} is no address block`, SUBNET_LINE);
    return block;
  });
  return { id, vpc, blocks };
}

/** Lines one by one: a file of 50 MB need not stand in memory twice. */
function* linesOf(text: string): Generator<string> {
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    yield text.slice(from, to);
    from = to + 1;
  }
}
