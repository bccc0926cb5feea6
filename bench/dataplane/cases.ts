import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { type Family, portCount } from '../../src/ports.ts';
import { amongForeignRules, FOREIGN_RULES } from './foreign-rules.ts';
import { CONTAINERS, CROWD, destination } from './host.ts';
import { type Load, type Loaded, loadFrom, PORTS, together } from './load.ts';
import type { DataplaneSetup } from './setup.ts';

/** One row: a load on one destination of its own. */
export interface Case {
  readonly id: 'paced400' | 'paced1000' | 'four' | Crowded['id'] | 'udp' | 'closed' | 'held';
  readonly name: string;
  readonly kind: Load['kind'];
  run(setup: DataplaneSetup, seconds: number): Promise<Loaded>;
}

const HELD_SECONDS = 60;

const from = (count: number, setup: DataplaneSetup, load: Load): Promise<Loaded> =>
  Promise.all(setup.containers.slice(0, count).map((container) => loadFrom(container, load))).then(together);

/** Many containers and one destination: the hardest for ports, since they share the host's address. */
interface Crowded {
  readonly id: 'twenty' | 'twenty6' | 'twenty-rules' | 'twenty6-rules';
  readonly family: Family;
  readonly among: boolean;
}
const CROWDED: readonly Crowded[] = [
  { id: 'twenty', family: 'ipv4', among: false },
  { id: 'twenty6', family: 'ipv6', among: false },
  { id: 'twenty-rules', family: 'ipv4', among: true },
  { id: 'twenty6-rules', family: 'ipv6', among: true },
];
export const CROWDED_IDS = CROWDED.map(({ id }) => id);
const EACH = 200;

function crowded({ id, family, among }: Crowded, index: number): Case {
  const words = [family === 'ipv6' ? ', IPv6' : '', among ? `, ${FOREIGN_RULES} rules of others` : ''].join('');
  return {
    id,
    name: `${CROWD} containers, ${EACH} connections/s each${words}`,
    kind: 'paced',
    run: (setup, seconds) => {
      const to = destination(FIRST_CROWDED + index, PORTS.answer, family);
      const load = () => from(CROWD, setup, { kind: 'paced', to, rate: EACH, seconds });
      return among ? amongForeignRules(setup, load) : load();
    },
  };
}
/** The destinations before it belong to other cases. */
const FIRST_CROWDED = 6;

/** The rows of the page, in its order. */
export const CASES: readonly Case[] = [
  {
    id: 'paced400',
    name: '1 container, 400 connections/s',
    kind: 'paced',
    run: (setup, seconds) => from(1, setup, { kind: 'paced', to: destination(0, PORTS.answer), rate: 400, seconds }),
  },
  {
    id: 'paced1000',
    name: '1 container, 1,000 connections/s',
    kind: 'paced',
    run: (setup, seconds) => from(1, setup, { kind: 'paced', to: destination(1, PORTS.answer), rate: 1000, seconds }),
  },
  {
    id: 'four',
    name: `${CONTAINERS} containers, 250 connections/s each`,
    kind: 'paced',
    run: (setup, seconds) =>
      from(CONTAINERS, setup, { kind: 'paced', to: destination(2, PORTS.answer), rate: 250, seconds }),
  },
  ...CROWDED.map(crowded),
  {
    id: 'udp',
    name: '1 container, 5,000 UDP exchanges/s, each from a new socket',
    kind: 'udp',
    run: (setup, seconds) =>
      from(1, setup, { kind: 'udp', to: destination(3, PORTS.echo), rate: 5000, seconds: seconds / 2 }),
  },
  {
    id: 'closed',
    name: '1 container, 32 connections at a time, each followed by the next',
    kind: 'closed',
    run: (setup, seconds) =>
      from(1, setup, { kind: 'closed', to: destination(4, PORTS.answer), together: 32, seconds: seconds / 2 }),
  },
  {
    id: 'held',
    name: `${portCount(LAB_PORTS).toLocaleString('en')} connections held at the same time`,
    kind: 'held',
    run: (setup) =>
      from(1, setup, {
        ...{ kind: 'held', to: destination(5, PORTS.hold) },
        ...{ count: portCount(LAB_PORTS), seconds: HELD_SECONDS },
      }),
  },
];
