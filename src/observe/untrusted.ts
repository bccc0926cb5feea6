import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';

/** The fields of a JSON object that another program wrote, unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Another program's JSON. Throws PortfenceError SYSTEM that names the program where it is none. */
export function parseJson(json: string, from: string): unknown {
  if (json.trim() === '') return []; // ip(8) says nothing at all where it has nothing to list.
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new PortfenceError('SYSTEM', `${from} answered something that is not JSON: ${scrub(json.slice(0, 80))}`, {
      hint: 'portfence needs iproute2 4.17 and nftables 0.9.1 with JSON support, or newer',
      cause,
    });
  }
}

/** The fields of a JSON object; none for anything else, so that a field that is looked for is not found. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON list; an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text with something in it, else undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A whole number, else undefined. */
export function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

/** A port number from 1 to 65535, else undefined. */
export function port(value: unknown): number | undefined {
  const number = integer(value);
  return number !== undefined && number >= 1 && number <= 65_535 ? number : undefined;
}
