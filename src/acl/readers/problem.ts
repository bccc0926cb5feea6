import { PortfenceError } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import type { SourcePlace } from '../model.ts';

/** The one error that a file of network ACLs ends in: where, what, and what to do. */
export function aclFileError({ file, path }: SourcePlace, message: string, hint: string): PortfenceError {
  const parts = [file, path, message].filter((part) => part !== '');
  return new PortfenceError('ACL_FILE', parts.map(scrub).join(': '), { hint: scrub(hint) });
}

const SHOWN_LENGTH = 60;

/** A value from outside as one short part of a sentence: texts in quotes, lists and mappings by their kind alone. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return scrub(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text);
}
