import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { type AgentAddress, addressText, EXAMPLE, readAgentAddress } from './address.ts';
import type { Entries, Entry, Mistake } from './entry.ts';
import { yamlEntries } from './yaml-entries.ts';

/** One host of a fleet; names are unique, and as the file writes them. */
export interface FleetHost {
  readonly name: string;
  readonly address: AgentAddress;
  /** The subnet that it is in, where the file says so. */
  readonly subnet: string | undefined;
}

const MOST_HOSTS = 10_000;
const MOST_SHOWN = 10;
const FORMS = 'write one address a line (NAME before it where it should have one), or YAML: hosts: { NAME: ADDRESS }';

/**
 * Reads a list of hosts: one address a line, a name before it where there is one; or YAML with `hosts`, a mapping of names to
 * addresses or a list. Throws USAGE with the file's name, the line and what to do.
 */
export function readHostList(text: string, file: string): readonly FleetHost[] {
  const written = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const { entries, mistakes } = isYaml(written) ? yamlEntries(written) : lineEntries(written);
  const read = entries.map(readEntry);
  const hosts = read.flatMap((one) => ('host' in one ? [one] : []));
  const faults = [...mistakes, ...read.flatMap((one) => ('fault' in one ? [one] : [])), ...twice(hosts)];
  if (faults.length > 0) throw wrong(file, faults);
  if (hosts.length === 0) throw new PortfenceError('USAGE', `${file} names no host`, { hint: FORMS });
  if (hosts.length > MOST_HOSTS)
    throw new PortfenceError('USAGE', `${file} names ${hosts.length} hosts, and at most ${MOST_HOSTS} are asked`, {
      hint: 'split the list, or ask Prometheus: --prometheus URL',
    });
  return hosts.map(({ host }) => host);
}

function wrong(file: string, faults: readonly Mistake[]): PortfenceError {
  const [first, ...more] = faults.toSorted((a, b) => a.line - b.line);
  const said = ({ line, fault }: Mistake): string => `${file}:${line}: ${fault}`;
  const rest = more.length > MOST_SHOWN ? [`and ${more.length - MOST_SHOWN} more`] : [];
  const detail = [...more.slice(0, MOST_SHOWN).map(said), ...rest].join('\n');
  return new PortfenceError('USAGE', first ? said(first) : file, {
    ...(detail === '' ? {} : { detail }),
    hint: first?.remedy ?? FORMS,
  });
}

/** The first line that says something is `hosts:`. */
const isYaml = (text: string): boolean => /^(?:[ \t]*(?:#.*|---|%.*)?\r?\n)*hosts[ \t]*:/.test(text);

function lineEntries(text: string): Entries {
  const entries: Entry[] = [];
  const mistakes: Mistake[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const words = written
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
      .filter(Boolean);
    const line = index + 1;
    const [first, second] = words;
    if (words.length > 2)
      mistakes.push({
        line,
        fault: `${quoted(words.slice(0, 3).join(' '))} is more than a name and an address`,
        remedy: FORMS,
      });
    else if (first !== undefined)
      entries.push(second === undefined ? { line, address: first } : { line, name: first, address: second });
  }
  return { entries, mistakes };
}

type Read = { readonly line: number; readonly host: FleetHost } | Mistake;

function readEntry({ line, name, address, subnet }: Entry): Read {
  const read = readAgentAddress(address);
  if ('fault' in read) return { line, fault: `${quoted(address)} ${read.fault}`, remedy: `write ${EXAMPLE}` };
  return { line, host: { name: name ?? addressText(read.address), address: read.address, subnet } };
}

/** A host that is named twice would be counted twice. */
function twice(hosts: readonly { readonly line: number; readonly host: FleetHost }[]): readonly Mistake[] {
  const places = new Map<string, number>();
  return hosts.flatMap(({ line, host: { name, address } }) => {
    const keys = [`the name ${quoted(name)}`, `the address ${quoted(addressText(address))}`];
    const known = keys.find((key) => places.has(key));
    for (const key of keys) if (!places.has(key)) places.set(key, line);
    if (known === undefined) return [];
    return [{ line, fault: `${known} stands in line ${places.get(known)} too`, remedy: 'leave one of them out' }];
  });
}

export const quoted = (text: string): string => `"${scrub(text)}"`;
