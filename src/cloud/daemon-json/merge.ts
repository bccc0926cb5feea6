import { createHash } from 'node:crypto';
import { readAddress } from '../../addresses.ts';
import { readObject } from './document.ts';
import { serversOf, withServers } from './edit.ts';
import type { DnsRecord } from './record.ts';

/** What is there: the file (undefined where there is none), and what an earlier merge remembers of it. */
export interface PresentDaemonJson {
  readonly file: string;
  readonly text: string | undefined;
  readonly record: DnsRecord | undefined;
  readonly backup: string | undefined;
}

/** A daemon.json with the wanted resolvers in it. */
export interface Merged {
  readonly text: string;
  /** Every resolver that containers are given then, in the order they are asked. */
  readonly servers: readonly string[];
  /** Those of them that would not be there without us. */
  readonly added: readonly string[];
  /** What a removal puts back; undefined where there was no file. */
  readonly before: string | undefined;
}

/** The SHA-256 of a text in UTF-8, in hex. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The file with the wanted resolvers before those that others put there, which all stay. What an earlier merge added and is wanted no
 * longer goes. The text is the same where every wanted one is there already. Throws DAEMON_JSON.
 */
export function mergeServers(present: PresentDaemonJson, wanted: readonly string[]): Merged {
  const { file, text = '', record } = present;
  const there = serversOf({ text, file });
  const kept = without(there, without(record?.added ?? [], wanted));
  const missing = without(wanted, kept);
  const servers = missing.length === 0 && kept.length === there.length ? there : [...missing, ...kept];
  return {
    text: withServers({ text, file }, servers),
    servers,
    added: [...missing, ...kept.filter((one) => has(record?.added ?? [], one))],
    before: beforeUs(present),
  };
}

/** The file as it would be without us: byte for byte what was there where it was not changed since, else without what we added. */
export function beforeUs({ file, text, record, backup }: PresentDaemonJson): string | undefined {
  if (text === undefined || record === undefined) return text;
  if (record.wrote === digest(text) && (!record.existed || backup !== undefined))
    return record.existed ? backup : undefined;
  const left = withServers({ text, file }, without(serversOf({ text, file }), record.added));
  const isBare = left !== text && !record.existed && readObject(left, file).members.length === 0;
  return isBare ? undefined : left;
}

const canonical = (server: string): string => readAddress(server) ?? server;
const has = (list: readonly string[], server: string): boolean =>
  list.some((one) => canonical(one) === canonical(server));
const without = (list: readonly string[], gone: readonly string[]): readonly string[] =>
  list.filter((server) => !has(gone, server));
