import type { Context } from './context.ts';

const EVERY = 100_000;

/** A table of a million takes seconds: says how many were read, each 100,000, where a person sees it. */
export function progress({ say, watched }: Pick<Context, 'say' | 'watched'>): (entries: number) => void {
  let next = EVERY;
  return (entries) => {
    if (!watched || entries < next) return;
    next = entries + EVERY;
    say(`${entries.toLocaleString('en')} connections read`);
  };
}
