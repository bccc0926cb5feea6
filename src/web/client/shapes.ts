/** What the agent pushes each second; the parts of its documents that the page shows. */
export interface Pushed {
  readonly at: number;
  readonly status: {
    readonly state: string;
    readonly stateSince: number;
    readonly drift: readonly string[];
    readonly healed: number;
    readonly lastError: { readonly message: string; readonly since: number } | null;
    readonly native: {
      readonly given: number;
      readonly kept: readonly { readonly path: string; readonly container?: string }[];
    };
    readonly sources: readonly { readonly name: string; readonly health: string }[];
  } | null;
  readonly counters: Readonly<Record<string, number>> | null;
  readonly layers: string;
  /** When the flows were looked at last; they are asked for where it is new. */
  readonly flowsAt: number | null;
}

/** `/api/flows`. */
export interface Flows {
  readonly report: {
    readonly at: number;
    readonly ranges: string;
    readonly available: number;
    readonly totals: { readonly leaving: number; readonly outOfRange: number; readonly hanging: number };
    readonly portMap: readonly number[];
    readonly containers: readonly (Counts & {
      readonly name: string;
      readonly image: string;
      readonly group: string | null;
      readonly addresses: readonly string[];
    })[];
  } | null;
  readonly destinations: readonly (Counts &
    Service & {
      readonly leaving: string;
      readonly inUse: number;
      readonly available: number;
      readonly fullInS: number | null;
    })[];
  readonly pairs: readonly Pair[];
}

export interface Service {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export interface Counts {
  readonly flows: number;
  readonly opening: number;
  readonly open: number;
  readonly closing: number;
  readonly outOfRange: number;
  readonly hanging: number;
}

/** A source and a service that it has connections to. */
export interface Pair extends Counts, Service {
  readonly source: string;
  readonly kind: string;
  readonly name: string | null;
}

/** `/api/history`. */
export interface History {
  readonly minutes: readonly (readonly [
    minute: number,
    leaked: number,
    confined: number,
    full: number,
    inSync: number,
  ])[];
  readonly events: readonly {
    readonly at: number;
    readonly event: string;
    readonly level: string;
    readonly message: string;
  }[];
}

/** `/api/addresses`. */
export interface Addresses {
  readonly rows: readonly {
    readonly from: string;
    readonly source: string;
    readonly destination: string;
    readonly uplink: string;
    readonly before: string | null;
    readonly after: string | null;
    readonly by: string;
    readonly same: boolean;
  }[];
  readonly notes: readonly string[];
}
