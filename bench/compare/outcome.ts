/** What one case came to under one fence. */
export type Outcome =
  | { readonly kind: 'answers'; readonly tried: number; readonly failed: number }
  | {
      readonly kind: 'clients';
      readonly tried: number;
      /** The address that the client really has, and those that the server saw; none where nothing arrived. */
      readonly real: string;
      readonly seen: readonly string[];
    };

/** Whether it went as on a network without an ACL. */
export function isClean(outcome: Outcome): boolean {
  if (outcome.kind === 'answers') return outcome.tried > 0 && outcome.failed === 0;
  return outcome.seen.length === 1 && outcome.seen[0] === outcome.real;
}

/** A table's cell. */
export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'answers') return String(outcome.failed);
  if (outcome.seen.length === 0) return 'nothing arrived';
  return outcome.seen.map((address) => (address === outcome.real ? 'its real one' : address)).join(', ');
}
