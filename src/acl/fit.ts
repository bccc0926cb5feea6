import { intersect, type PortSet, portCount } from '../ports.ts';
import { type PortSegments, portsThat } from './port-segments.ts';
import type { PortAnswer, Way } from './solve.ts';

/** What becomes of connections to one service at one peer, given the source ports that they use. */
export interface WayFit {
  readonly way: Way;
  readonly used: PortSet;
  /** Ports in use whose request or answer is dropped, for some address of the peer at least. */
  readonly hanging: PortSet;
  /** Ports in use whose fate hangs on what could not be judged. */
  readonly unsure: PortSet;
  /** Of the ports in use, from 0 to 1. Every one of them is taken to be as likely. */
  readonly hangingShare: number;
  readonly unsureShare: number;
}

export interface Fit {
  readonly ways: readonly WayFit[];
  /** Every port in use surely passes, on every way. */
  readonly fits: boolean;
  /** The way with the greatest share of hanging connections, then of unsure ones. */
  readonly worst: WayFit | undefined;
}

/** Holds the ports in use, which may differ by way, against the answer. */
export function fitOf({ ways }: Pick<PortAnswer, 'ways'>, usedBy: (way: Way) => PortSet): Fit {
  const all = ways.map((way) => wayFit(way, usedBy(way)));
  const [worst] = [...all].sort((a, b) => b.hangingShare - a.hangingShare || b.unsureShare - a.unsureShare);
  return { ways: all, worst, fits: all.every(({ hangingShare, unsureShare }) => hangingShare + unsureShare === 0) };
}

function wayFit(way: Way, used: PortSet): WayFit {
  const hanging = intersect(used, portsThat('drop', way.segments));
  const unsure = intersect(used, way.unsure);
  const share = (part: PortSet): number => (part.length === 0 ? 0 : portCount(part) / portCount(used));
  return { way, used, hanging, unsure, hangingShare: share(hanging), unsureShare: share(unsure) };
}

/** The segments as far as these ports go. */
export function segmentsWithin(segments: PortSegments, ports: PortSet): PortSegments {
  return segments.flatMap((segment) => intersect([segment], ports).map(({ from, to }) => ({ ...segment, from, to })));
}
