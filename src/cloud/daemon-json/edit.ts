import { PortfenceError } from '../../errors.ts';
import { type JsonObject, type Member, readObject, type TextSpan } from './document.ts';

/** Docker's key for the resolvers that containers ask (dockerd(8)). */
const KEY = 'dns';

/** A daemon.json's text. */
export interface NamedText {
  readonly text: string;
  /** For messages. */
  readonly file: string;
}

/** The resolvers that a daemon.json gives containers; none where it does not say. Throws DAEMON_JSON. */
export function serversOf({ text, file }: NamedText): readonly string[] {
  return isBlank(text) ? [] : (found(readObject(text, file), file)?.servers ?? []);
}

/**
 * The same daemon.json with these resolvers under `dns`, not a character of anything else changed; no resolvers take the key away.
 * A text of blanks alone, which Docker reads as an empty object, becomes one. Throws DAEMON_JSON.
 */
export function withServers({ text, file }: NamedText, servers: readonly string[]): string {
  const list = JSON.stringify(servers).replaceAll('","', '", "');
  if (isBlank(text)) return servers.length === 0 ? text : `{\n  "${KEY}": ${list}\n}\n`;
  const object = readObject(text, file);
  const present = found(object, file);
  if (!present) return servers.length === 0 ? text : insert(object, list);
  if (present.servers.join() === servers.join()) return text;
  if (servers.length === 0) return remove(object, present.member);
  return splice(
    text,
    present.member.value,
    inStyleOf(text.slice(present.member.value.from, present.member.value.to), servers),
  );
}

const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text);

function found(object: JsonObject, file: string): { member: Member; servers: readonly string[] } | undefined {
  const member = object.members.find(({ name }) => name === KEY);
  if (!member) return undefined;
  const { node } = member;
  const elements =
    node.type === 'Array' ? node.elements.map(({ value }) => value) : node.type === 'Null' ? [] : undefined;
  const servers = elements?.flatMap((value) => (value.type === 'String' ? value.value : []));
  if (elements === undefined || servers?.length !== elements.length) {
    const { line, column } = node.loc.start;
    throw new PortfenceError('DAEMON_JSON', `${file}:${line}:${column}: dns is no list of addresses`, {
      hint: 'write it like "dns": ["10.0.0.2"]. Nothing was written',
    });
  }
  return { member, servers };
}

/** The list as the old one was laid out: one a line where it was, else on one line. */
function inStyleOf(old: string, servers: readonly string[]): string {
  const quoted = servers.map((server) => JSON.stringify(server));
  const [, before, after] = /^\[([ \t]*\r?\n[ \t]*)[\s\S]*?(\s*)\]$/.exec(old) ?? [];
  if (before !== undefined && after !== undefined) return `[${before}${quoted.join(`,${before}`)}${after}]`;
  const separator = /^\["[^"]*","/.test(old) ? ',' : ', ';
  const pad = old.startsWith('[ ') ? ' ' : '';
  return `[${pad}${quoted.join(separator)}${pad}]`;
}

/** Behind the last member, laid out like the others. */
function insert({ text, whole, members }: JsonObject, list: string): string {
  const [first, second] = members;
  const last = members.at(-1);
  if (!first || !last) return splice(text, whole, `{\n  "${KEY}": ${list}\n}`);
  const lead = text.slice(whole.from + 1, first.whole.from);
  const between = second ? text.slice(first.whole.to, second.whole.from).replace(/^\s*,/, '') : lead;
  const gap = /\r?\n[ \t]*$/.exec(between)?.[0] ?? between;
  const colon = text.slice(first.key.to, first.value.from);
  return splice(text, { from: last.whole.to, to: last.whole.to }, `,${gap}"${KEY}"${colon}${list}`);
}

/** With the comma that it no longer needs. */
function remove({ text, whole, members }: JsonObject, member: Member): string {
  const at = members.indexOf(member);
  const [before, after] = [members[at - 1], members[at + 1]];
  if (before) return splice(text, { from: before.whole.to, to: member.whole.to }, '');
  if (after) return splice(text, { from: member.whole.from, to: after.whole.from }, '');
  return splice(text, whole, '{}');
}

const splice = (text: string, { from, to }: TextSpan, put: string): string =>
  text.slice(0, from) + put + text.slice(to);
