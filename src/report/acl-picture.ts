import type { PortAnswer } from '../acl/solve.ts';
import { NO_PORTS, type PortSet, portCount, portsText } from '../ports.ts';
import { wayText } from './acl-ranges.ts';

export type Tone = 'allowed' | 'used' | 'fenced' | 'recommended';

/** One bar over the axis of all ports. */
export interface Bar {
  readonly label: string;
  readonly tone: Tone;
  readonly ports: PortSet;
  /** Ports whose fate could not be judged. */
  readonly unsure: PortSet;
}

/** A picture of which ports the ACL lets back in, and which are used. */
export interface Picture {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface PictureInput {
  readonly title: string;
  readonly answer: PortAnswer;
  readonly used: { readonly words: string; readonly ports: PortSet };
  readonly fenced: { readonly words: string; readonly ports: PortSet } | undefined;
  readonly recommended: PortSet;
}

const MOST_WAYS = 8;

/** The bars from top to bottom: what comes back (each way, and all together), what is used, fenced and recommended. */
export function pictureOf({ title, answer, used, fenced, recommended }: PictureInput): Picture {
  const { ways } = answer;
  const several = ways.length > 1;
  const shown = several ? ways.slice(0, MOST_WAYS) : [];
  const rest = ways.length - shown.length;
  const together = several
    ? `lets back in: all ${ways.length} together${rest > 0 ? ` (${rest} not shown by themselves)` : ''}`
    : '';
  const [only] = ways;
  return {
    title,
    bars: [
      ...shown.map(
        (way): Bar => ({
          label: `lets back in: ${wayText(way)}`,
          tone: 'allowed',
          ports: way.ranges,
          unsure: way.unsure,
        }),
      ),
      {
        label: several || !only ? together : `lets back in: ${wayText(only)}`,
        tone: 'allowed',
        ports: answer.ranges,
        unsure: answer.unsure,
      },
      { label: `used now: ${used.words}`, tone: 'used', ports: used.ports, unsure: NO_PORTS },
      ...(fenced
        ? [{ label: `fenced: ${fenced.words}`, tone: 'fenced', ports: fenced.ports, unsure: NO_PORTS } as const]
        : []),
      { label: 'recommended', tone: 'recommended', ports: recommended, unsure: NO_PORTS },
    ],
  };
}

const MOST_RANGES = 6;

/** The ports of a bar in words: `49152-61000 (11,849 ports)`. */
export function barText({ ports, unsure }: Bar): string {
  const doubt = unsure.length > 0 ? `; unsure: ${rangesText(unsure)}` : '';
  return `${ports.length === 0 ? 'none' : `${rangesText(ports)} (${portCount(ports).toLocaleString('en')} ports)`}${doubt}`;
}

function rangesText(ports: PortSet): string {
  const more = ports.length - MOST_RANGES;
  return `${portsText(ports.slice(0, MOST_RANGES), ', ')}${more > 0 ? ` and ${more} more ranges` : ''}`;
}

/** Marks on the axis. */
export const TICKS: readonly number[] = [0, 16_384, 32_768, 49_152, 65_535];
