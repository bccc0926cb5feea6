/** What one place of the file says of a host, unread. */
export interface Entry {
  readonly line: number;
  readonly name?: string | undefined;
  readonly address: string;
  readonly subnet?: string | undefined;
}

/** Something that a place of the file gets wrong, and what to do about it. */
export interface Mistake {
  readonly line: number;
  readonly fault: string;
  readonly remedy: string;
}

/** What was read, and what is wrong with the rest. */
export interface Entries {
  readonly entries: readonly Entry[];
  readonly mistakes: readonly Mistake[];
}
