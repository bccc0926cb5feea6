import { stringify } from 'yaml';
import type { Stack } from '../swarm/stack.ts';

/** A stack file, or where it was written. */
export function stackText(
  stack: Stack,
  { part, out }: { readonly part: string; readonly out: string | undefined },
): { json: unknown; text: readonly string[] } {
  const services = Object.keys(stack.services);
  return {
    json: { part, services, ...(out === undefined ? { stack } : { out }) },
    text: out === undefined ? stackLines(stack) : [`wrote ${out}: service ${services.join(', ')}`],
  };
}

/** A stack file by its lines. */
export const stackLines = (stack: Stack): readonly string[] => stringify(stack, { lineWidth: 0 }).trimEnd().split('\n');
