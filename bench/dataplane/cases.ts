import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { portCount } from '../../src/ports.ts';
import { CONTAINERS, destination } from './ground.ts';
import { type Load, type Loaded, loadFrom, PORTS, together } from './load.ts';
import type { Site } from './site.ts';

/** One row: a load on one destination of its own. */
export interface Case {
  readonly id: 'paced400' | 'paced1000' | 'four' | 'udp' | 'closed' | 'held';
  readonly name: string;
  readonly kind: Load['kind'];
  run(site: Site, seconds: number): Promise<Loaded>;
}

const HELD_SECONDS = 60;

const from = (count: number, site: Site, load: Load): Promise<Loaded> =>
  Promise.all(site.containers.slice(0, count).map((container) => loadFrom(container, load))).then(together);

export const CASES: readonly Case[] = [
  {
    id: 'paced400',
    name: '1 container, 400 connections/s',
    kind: 'paced',
    run: (site, seconds) => from(1, site, { kind: 'paced', to: destination(0, PORTS.answer), rate: 400, seconds }),
  },
  {
    id: 'paced1000',
    name: '1 container, 1,000 connections/s',
    kind: 'paced',
    run: (site, seconds) => from(1, site, { kind: 'paced', to: destination(1, PORTS.answer), rate: 1000, seconds }),
  },
  {
    id: 'four',
    name: `${CONTAINERS} containers, 250 connections/s each`,
    kind: 'paced',
    run: (site, seconds) =>
      from(CONTAINERS, site, { kind: 'paced', to: destination(2, PORTS.answer), rate: 250, seconds }),
  },
  {
    id: 'udp',
    name: '1 container, 5,000 UDP exchanges/s, each from a new socket',
    kind: 'udp',
    run: (site, seconds) =>
      from(1, site, { kind: 'udp', to: destination(3, PORTS.echo), rate: 5000, seconds: seconds / 2 }),
  },
  {
    id: 'closed',
    name: '1 container, 32 connections at a time, each followed by the next',
    kind: 'closed',
    run: (site, seconds) =>
      from(1, site, { kind: 'closed', to: destination(4, PORTS.answer), together: 32, seconds: seconds / 2 }),
  },
  {
    id: 'held',
    name: `${portCount(LAB_PORTS).toLocaleString('en')} connections held at the same time`,
    kind: 'held',
    run: (site) =>
      from(1, site, {
        ...{ kind: 'held', to: destination(5, PORTS.hold) },
        ...{ count: portCount(LAB_PORTS), seconds: HELD_SECONDS },
      }),
  },
];
