/** What an agent says of its host, however it was asked. Texts are scrubbed. */
export interface HostStatus {
  /** A word of the agent's states; a later version may have more. */
  readonly state: string;
  /** The kernel was read back as planned, and that not long ago. */
  readonly enforced: boolean;
  /** Seconds since the agent last looked; undefined where it has not looked yet. */
  readonly looked: number | undefined;
  /** How many differences from the plan the last look found; `words` are empty where only the number is known. */
  readonly drift: { readonly differences: number; readonly words: readonly string[] };
  /** Packets; undefined where there is no fence. */
  readonly leaks: { readonly lastHour: number; readonly ever: number } | undefined;
  readonly fill: Fill | undefined;
  readonly version: string | undefined;
  /** The digest of the policy in force. */
  readonly policy: string | undefined;
  /** The allowed ports: `49152-61000`. */
  readonly ports: readonly string[];
  /** Why the agent fails. */
  readonly error: string | undefined;
}

/** How full the fullest destination is, from 0 to 1, and which it is where that is known. */
export interface Fill {
  readonly ratio: number;
  readonly destination: string | undefined;
}

/** One host of a fleet: what its agent says, or why nothing was heard. Texts are scrubbed. */
export type HostReport = { readonly name: string; readonly address: string } & (
  | { readonly status: HostStatus }
  | { readonly silence: string }
);
