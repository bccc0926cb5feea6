import { fields, integer, list, text } from '../observe/untrusted.ts';
import { scrub } from '../scrub.ts';
import type { Fill, HostStatus } from './host-report.ts';

/** Seconds without a look after which an agent is silent; it looks every 30 s. */
export const SILENT_S = 90;

/** What `/api/status` says; undefined where it is no such document. Agents of older versions say less. */
export function readStatus(document: unknown): HostStatus | undefined {
  const status = fields(document);
  const state = text(status['state']);
  if (state === undefined) return undefined;
  const { at, checkedAt } = { at: integer(status['at']), checkedAt: integer(status['checkedAt']) };
  const looked = at === undefined || checkedAt === undefined ? undefined : Math.max(0, (at - checkedAt) / 1000);
  const words = texts(status['drift']);
  const policy = fields(status['policy']);
  return {
    state: scrub(state),
    enforced: state === 'inSync' && (looked === undefined || looked < SILENT_S),
    looked,
    drift: { differences: words.length, words },
    leaks: leaksOf(status),
    fill: fillOf(status['fullest']),
    version: scrubbed(status['program']),
    policy: scrubbed(policy['digest']),
    ports: texts(policy['ports']),
    error: state === 'failing' ? scrubbed(fields(status['lastError'])['message']) : undefined,
  };
}

const scrubbed = (value: unknown): string | undefined => {
  const found = text(value);
  return found === undefined ? undefined : scrub(found);
};
const texts = (value: unknown): readonly string[] => list(value).flatMap((one) => scrubbed(one) ?? []);

function leaksOf(status: ReturnType<typeof fields>): HostStatus['leaks'] {
  const ever = integer(fields(status['counters'])['leaked']);
  if (ever === undefined) return undefined;
  return { lastHour: integer(status['leakedLastHour']) ?? ever, ever };
}

function fillOf(value: unknown): Fill | undefined {
  const { protocol, address, port, inUse, available } = fields(value);
  const [used, most] = [integer(inUse), integer(available)];
  if (used === undefined || most === undefined || most <= 0) return undefined;
  const destination = [protocol, address, 'port', port].filter((word) => word !== undefined).join(' ');
  return { ratio: used / most, destination: scrub(destination) };
}
