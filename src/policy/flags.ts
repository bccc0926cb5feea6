import { type Data, type DataMap, isMap } from './data.ts';
import type { PolicyPath } from './problem.ts';

/** What the command line says; each flag replaces the file's key. */
export interface PolicyFlags {
  /** Comma-separated ranges: `49152-61000,62000-62999`. */
  readonly ports?: string;
  readonly uplink?: readonly string[];
  readonly protocols?: string;
  readonly families?: string;
  readonly host?: string;
  readonly guard?: string;
  /** Addresses and blocks; `none` empties the file's list. */
  readonly exempt?: readonly string[];
  /** Comma-separated ports and ranges; `none` empties the file's list. */
  readonly exemptPorts?: string;
  readonly forwarded?: string;
  readonly hostRange?: string;
}

interface FlagRow {
  readonly name: string;
  readonly path: readonly [string] | readonly [string, string];
  readonly read: (given: string | readonly string[]) => Data;
}

const FLAGS: { readonly [Flag in keyof Required<PolicyFlags>]: FlagRow } = {
  ports: { name: '--ports', path: ['ports'], read: (given) => one(split(given)) },
  uplink: { name: '--uplink', path: ['uplinks'], read: (given) => wordOr('auto', split(given)) },
  protocols: { name: '--protocols', path: ['protocols'], read: split },
  families: { name: '--families', path: ['families'], read: split },
  host: { name: '--host', path: ['host'], read: word },
  guard: { name: '--guard', path: ['guard'], read: word },
  exempt: { name: '--exempt', path: ['exempt', 'destinations'], read: (given) => unlessNone(split(given)) },
  exemptPorts: { name: '--exempt-ports', path: ['exempt', 'sourcePorts'], read: (given) => unlessNone(split(given)) },
  forwarded: { name: '--forwarded', path: ['forwarded'], read: word },
  hostRange: { name: '--host-range', path: ['hostRange'], read: word },
};

/** The data with the flags' values in place of the file's. A wrong mapping in the file is left to the schema, which reports it. */
export function overlayFlags(data: Data, flags: PolicyFlags): Data {
  let overlaid = data;
  for (const { given, row } of givenFlags(flags)) overlaid = withValue(overlaid, row.path, row.read(given));
  return overlaid;
}

/** The flag that the value at the path came from. */
export function flagOf(path: PolicyPath, flags: PolicyFlags): string | undefined {
  return givenFlags(flags).find(({ row }) => row.path.every((step, i) => path[i] === step))?.row.name;
}

function givenFlags(flags: PolicyFlags): readonly { given: string | readonly string[]; row: FlagRow }[] {
  return (Object.keys(FLAGS) as (keyof PolicyFlags)[]).flatMap((key) => {
    const given = flags[key];
    return given === undefined ? [] : [{ given, row: FLAGS[key] }];
  });
}

function withValue(data: Data, path: FlagRow['path'], value: Data): Data {
  if (!isMap(data)) return data;
  const [first, second] = path;
  if (second === undefined) return { ...data, [first]: value };
  const inner = Object.hasOwn(data, first) ? data[first] : {};
  if (!isMap(inner)) return data;
  return { ...data, [first]: { ...inner, [second]: value } satisfies DataMap };
}

function split(given: string | readonly string[]): readonly string[] {
  return [given].flat().flatMap((text) => text.split(',').map((part) => part.trim()));
}

function word(given: string | readonly string[]): Data {
  return [given].flat().join(',').trim();
}

function one(list: readonly string[]): Data {
  return list.length === 1 && list[0] !== undefined ? list[0] : list;
}

function wordOr(only: string, list: readonly string[]): Data {
  return list.length === 1 && list[0] === only ? only : list;
}

function unlessNone(list: readonly string[]): Data {
  return list.length === 1 && list[0] === 'none' ? [] : list;
}
