import { EXIT } from '../errors.ts';
import type { CommandResult } from '../system/system.ts';

/** What `portfence verify --json` said, summed up. */
export interface VerifySummary {
  readonly ok: boolean;
  readonly checks: number;
  readonly attempts: number;
  readonly outOfRange: number;
  /** Names of the checks that did not pass. */
  readonly failed: readonly string[];
  /** Its messages where it gave no document. */
  readonly complaint: string | undefined;
}

interface Document {
  readonly ok?: unknown;
  readonly checks?: readonly { name?: string; outcome?: string; attempts?: number; outOfRange?: number }[];
}

/** Reads verify's answer; anything but a document that says ok, with exit code 0, is not ok. */
export function readVerifySummary({ code, stdout, stderr }: CommandResult): VerifySummary {
  let document: Document;
  try {
    document = JSON.parse(stdout) as Document;
  } catch {
    const complaint = stderr.trim() || `it ended with ${code}`;
    return { ok: false, checks: 0, attempts: 0, outOfRange: 0, failed: [], complaint };
  }
  const checks = document.checks ?? [];
  const sum = (key: 'attempts' | 'outOfRange'): number => checks.reduce((total, check) => total + (check[key] ?? 0), 0);
  return {
    ok: code === EXIT.fine && document.ok === true && checks.length > 0,
    checks: checks.length,
    attempts: sum('attempts'),
    outOfRange: sum('outOfRange'),
    failed: checks.flatMap(({ name = 'unnamed', outcome }) => (outcome === 'pass' ? [] : [`${name}: ${outcome}`])),
    complaint: undefined,
  };
}
