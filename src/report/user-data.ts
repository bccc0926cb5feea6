import type { UserData } from '../install/cloud-init/user-data.ts';

interface Shown {
  readonly format: string;
  readonly out: string | undefined;
  readonly limit: number;
}

/** User data itself, or where it was written. */
export function userDataText(
  { text, bytes, files, notes }: UserData,
  { format, out, limit }: Shown,
): { json: unknown; text: readonly string[] } {
  return {
    json: { format, bytes, limit, files, notes, ...(out === undefined ? { userData: text } : { out }) },
    text: out === undefined ? text.replace(/\n$/, '').split('\n') : [`wrote ${out}: ${bytes} of ${limit} bytes`],
  };
}
