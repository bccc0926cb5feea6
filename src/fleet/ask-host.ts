import { scrub } from '../scrub.ts';
import { errnoOf } from '../system/errno.ts';
import type { HttpOutcome, Sockets } from '../system/system.ts';
import { type AgentAddress, addressText } from './address.ts';

/** A JSON document of an agent, or one sentence about why there is none. */
export type Heard = { readonly document: unknown } | { readonly silence: string };

const LARGEST = 4 * 1024 * 1024;

/** Asks an agent for its status. Never throws for what the other side does; `timeoutMs` is for the whole exchange. */
export async function askStatus(
  system: Pick<Sockets, 'getJson' | 'http'>,
  address: AgentAddress,
  timeoutMs: number,
): Promise<Heard> {
  if ('socket' in address) return askSocket(system, address.socket, timeoutMs);
  const { url } = address;
  const outcome = await system.http({
    ...{ method: 'GET', url: `${url}/api/status`, timeoutMs, largest: LARGEST },
    headers: isDirect(url) ? { host: 'localhost' } : {},
  });
  return heard(outcome, timeoutMs);
}

/** The agent itself answers to addresses and localhost alone; a proxy (TLS, or a path of its own) chooses by the name. */
const isDirect = (url: string): boolean => url.startsWith('http:') && new URL(url).pathname === '/';

async function askSocket(system: Pick<Sockets, 'getJson'>, socket: string, timeoutMs: number): Promise<Heard> {
  try {
    return { document: await system.getJson(socket, '/api/status', timeoutMs) };
  } catch (error) {
    return { silence: socketWords(error, timeoutMs) };
  }
}

function socketWords(error: unknown, timeoutMs: number): string {
  const code = errnoOf(error);
  if (code === 'ENOENT') return 'there is no such socket: no agent runs there';
  if (code === 'EACCES') return 'the socket is for root alone';
  if (code === 'ABORT_ERR') return noAnswer(timeoutMs);
  if (code !== undefined) return words(code, '');
  return scrub(error instanceof Error ? error.message : String(error));
}

/** The body of an answer as JSON. */
export function heard(outcome: HttpOutcome, timeoutMs: number): Heard {
  switch (outcome.outcome) {
    case 'failed':
      return { silence: words(outcome.code, outcome.reason) };
    case 'silence':
      return { silence: outcome.connected ? noAnswer(timeoutMs) : `no connection within ${seconds(timeoutMs)}` };
    case 'too-large':
      return { silence: 'the answer is too large for a status' };
    case 'answer':
      return outcome.status === 200 ? parsed(outcome.body) : { silence: `HTTP ${outcome.status} instead of a status` };
  }
}

function parsed(body: string): Heard {
  try {
    return { document: JSON.parse(body) };
  } catch {
    return { silence: 'the answer is no JSON' };
  }
}

const seconds = (ms: number): string => `${ms / 1000} s`;
const noAnswer = (timeoutMs: number): string => `no answer within ${seconds(timeoutMs)}`;

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name service does not answer',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ECONNRESET: 'the connection was reset',
};

const words = (code: string, reason: string): string => MEANINGS[code] ?? scrub(reason === '' ? code : reason);

/** What to show of an address. */
export const shownAddress = (address: AgentAddress): string => scrub(addressText(address));
