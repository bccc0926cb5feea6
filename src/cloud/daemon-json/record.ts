import { PortfenceError } from '../../errors.ts';

/** Kept beside daemon.json: what we did to it. */
export interface DnsRecord {
  readonly version: 1;
  readonly added: readonly string[];
  /** Whether there was a file before us; its text is in the backup then. */
  readonly existed: boolean;
  /** SHA-256 of the file as we wrote it, in hex. */
  readonly wrote: string;
  /** The engine's process that was running when we wrote, and so has not read it; null where none was. */
  readonly unread: string | null;
}

/** Where the record of our merge lies, beside the file. */
export const recordFile = (file: string): string => `${file}.portfence`;
/** Where the copy of the file from before our first merge lies, beside it. */
export const backupFile = (file: string): string => `${file}.before-portfence`;

/** Throws STATE for a record that no merge of ours wrote. */
export function readRecord(text: string | undefined, path: string): DnsRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // The same as a wrong form.
  }
  throw new PortfenceError('STATE', `${path} is damaged or was written by another version`, {
    hint: `delete it: what \`portfence dns\` added to daemon.json then counts as yours`,
  });
}

function isRecord(value: unknown): value is DnsRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, added, existed, wrote, unread } = value as Record<string, unknown>;
  return (
    version === 1 &&
    Array.isArray(added) &&
    added.every((one) => typeof one === 'string') &&
    typeof existed === 'boolean' &&
    typeof wrote === 'string' &&
    (unread === null || typeof unread === 'string')
  );
}

/** The record as it is written; `readRecord` reads it. */
export const recordText = (record: DnsRecord): string => `${JSON.stringify(record)}\n`;
