import type { core } from 'zod/mini';
import { type Data, isList, isMap, valueAt } from './data.ts';
import { error, type Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import { displayed, type PolicyPath } from './problem.ts';
import { type PolicyShape, policySchema } from './schema.ts';
import { unknownKey } from './unknown-key.ts';
import { keysAt, type Wording, wordingOf } from './wording.ts';

/** The data in the policy's shape with defaults filled in, or every way in which it has another shape, in our own words. */
export function readShape(data: Data): { readonly shape?: PolicyShape; readonly findings: readonly Finding[] } {
  const result = policySchema.safeParse(data);
  if (result.success) return { shape: result.data, findings: [] };
  return { findings: result.error.issues.flatMap((issue) => issueFindings(issue, data, [])) };
}

function issueFindings(issue: core.$ZodIssue, data: Data, base: PolicyPath): readonly Finding[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  if (issue.code === 'invalid_union' && !isForeignMap(path, valueAt(data, path))) {
    // The branch that failed deeper down is the one that was meant: the problem of a list with one bad item is reported at that item.
    const meant = issue.errors.find((branch) =>
      branch.every(({ path: at, code }) => at.length > 0 || code === 'too_small' || code === 'unrecognized_keys'),
    );
    if (meant) return meant.flatMap((inner) => issueFindings(inner, data, path));
  }
  return [valueFinding(path, valueAt(data, path), wordsOf(issue, path))];
}

/** A mapping none of whose keys belongs here. */
function isForeignMap(path: PolicyPath, value: Data | undefined): boolean {
  return isMap(value) && !keysAt(path).some((key) => Object.hasOwn(value, key));
}

function valueFinding(path: PolicyPath, value: Data | undefined, words: readonly string[]): Finding {
  const { expects, example } = wordingOf(path);
  const key = path.at(-1);
  const line = typeof key === 'string' ? `${key}: ${example}` : example;
  if (value === undefined) return error(path, 'is missing', `write "${line}"`);
  if (value === null) return error(path, `has no value, expected ${expects}`, `write "${line}"`);
  if (isList(value) && value.length === 0) return error(path, 'is an empty list', `write "${line}"`);
  if (typeof value === 'string' && words.length > 0 && !expects.startsWith('auto')) {
    const close = nearest(value, words);
    return error(path, `${quoted(value)} is none of ${words.join(', ')}`, close && `did you mean ${close}?`);
  }
  return error(path, `found ${kindOf(value)}, expected ${expects}`, remedyFor(value, words, wordingOf(path)));
}

function remedyFor(value: Data, words: readonly string[], { expects, example, item }: Wording): string {
  if (expects === 'true or false' && typeof value === 'string') {
    if (/^(?:yes|on|y|true|1)$/i.test(value)) return 'write true';
    if (/^(?:no|off|n|false|0)$/i.test(value)) return 'write false';
  }
  const scalar = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const close = scalar === undefined ? undefined : nearest(scalar, words);
  if (close !== undefined) return `did you mean ${close}?`;
  if (scalar !== undefined && item?.test(scalar)) return `write [${/[*:]/.test(scalar) ? `"${scalar}"` : scalar}]`;
  return `write ${example}`;
}

function wordsOf(issue: core.$ZodIssue, path: PolicyPath): readonly string[] {
  if (issue.code !== 'invalid_value') return wordingOf(path).words ?? [];
  return issue.values.filter((value) => typeof value === 'string');
}

function quoted(text: string): string {
  return text === '' ? 'an empty text' : displayed(text);
}

function inQuotes(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}

function kindOf(value: Data): string {
  if (isMap(value)) return 'a mapping';
  if (isList(value)) return 'a list';
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the text ${inQuotes(displayed(value))}`;
  return typeof value === 'number' ? `the number ${value}` : String(value);
}
