/** A conntrack entry; the host's address of the samples and an open TCP connection unless told. */
export interface Entry {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly leavingPort: number;
  readonly leaving?: string;
  readonly sourcePort?: number;
  readonly state?: string;
  readonly timeoutS?: number;
  readonly unreplied?: boolean;
}

/** The entry as /proc/net/nf_conntrack writes it. */
export function entryLine(entry: Entry): string {
  const { source, destination, port, leavingPort, leaving = '10.0.1.10', state = 'ESTABLISHED', timeoutS = 90 } = entry;
  const { sourcePort = leavingPort, unreplied = false } = entry;
  return [
    `ipv4     2 tcp      6 ${timeoutS} ${state}`,
    `src=${source} dst=${destination} sport=${sourcePort} dport=${port}`,
    ...(unreplied ? ['[UNREPLIED]'] : []),
    `src=${destination} dst=${leaving} sport=${port} dport=${leavingPort}`,
    ...(unreplied ? [] : ['[ASSURED]']),
    'mark=0 zone=0 use=2',
  ].join(' ');
}
