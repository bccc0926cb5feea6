import type { FlowWatch } from '../flows/watch-flows.ts';
import { agentMetrics, type Measured } from '../metrics/agent-metrics.ts';
import { exposition, FORMATS, formatFor } from '../metrics/exposition.ts';
import type { AddressRow } from '../plan/address-table.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { PolicyInForce } from '../reconcile/policy-in-force.ts';
import type { HttpHandler, ServedAnswer, ServedRequest } from '../system/system.ts';
import type { AclPage } from './acl-page.ts';
import type { History } from './history.ts';
import { type StatusDocument, statusDocument } from './status-document.ts';

/** What the server tells of; each is asked anew for each request. */
export interface Told {
  readonly version: string;
  readonly now: () => number;
  readonly status: () => AgentStatus | undefined;
  /** Undefined before the first look. */
  readonly policy: () => PolicyInForce | undefined;
  readonly flows: FlowWatch;
  readonly history: () => History;
  /** Source addresses of each origin, and what could not be followed; undefined before the first look. */
  readonly addresses: () => { readonly rows: readonly AddressRow[]; readonly notes: readonly string[] } | undefined;
  readonly acl: AclPage;
  readonly cost: () => Measured['cost'];
}

/** Milliseconds without a look after which the agent's loop hangs; it looks every 30 s. */
const SILENT_MS = 90_000;

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' } as const;
const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } as const;

type Route = (request: ServedRequest) => ServedAnswer | Promise<ServedAnswer>;

/** Routes that probes and scrapers ask under whatever name the host has for them. */
const ANY_HOST: readonly string[] = ['/metrics', '/healthz', '/readyz'];

/** What the agent serves: metrics, health and its status; `more` are routes of a page. */
export function routes(told: Told, more: Readonly<Record<string, Route>> = {}): HttpHandler {
  const table: Readonly<Record<string, Route>> = {
    '/metrics': (request) => metrics(told, request),
    '/healthz': () => health(told),
    '/readyz': () => ready(told),
    '/api/status': () => json(document(told)),
    '/api/flows': () => {
      return json({
        ...(told.flows.current() ?? { report: null, destinations: [], pairs: [], drops: null }),
        problem: told.flows.problem() ?? null,
      });
    },
    '/api/history': () => json(told.history()),
    '/api/addresses': () => json(told.addresses() ?? { rows: [], notes: [] }),
    '/api/acl': async () => json((await told.acl.current())?.text ?? null),
    ...more,
  };
  return async (request) => {
    const route = Object.hasOwn(table, request.path) ? table[request.path] : undefined;
    if (!route) return text(404, `nothing is here; ask for one of ${Object.keys(table).join(', ')}`);
    if (!ANY_HOST.includes(request.path) && !isPlainHost(request.host))
      return text(
        421,
        'ask for this page by an address or as localhost: a name could be one that an attacker made point here',
      );
    return route(request);
  };
}

function document(told: Told): StatusDocument | null {
  const status = told.status();
  const { version, now, policy, flows, history } = told;
  const known = { now: now(), version, policy: policy(), flows: flows.current(), history: history() };
  return status ? statusDocument(status, known) : null;
}

/**
 * An address, localhost, or none: a page on the web whose name is made to lead here (DNS rebinding) sends its own name, and
 * must read nothing.
 */
export function isPlainHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '');
  return (
    name === '' || name === 'localhost' || /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-fA-F:.]+\]$/.test(name)
  );
}

async function metrics(told: Told, { accept }: ServedRequest): Promise<ServedAnswer> {
  const status = told.status();
  if (!status) return text(503, 'the agent has just begun');
  const format = formatFor(accept);
  const flows = told.flows.current();
  const families = agentMetrics({ version: told.version, status, policy: told.policy(), flows, cost: told.cost() });
  return { status: 200, headers: { 'content-type': FORMATS[format] }, body: exposition(families, format) };
}

/** Alive: the loop has looked lately. An agent that fails is alive; a restart would not help it. */
function health({ status, now }: Told): ServedAnswer {
  const seen = status();
  const last = seen?.checkedAt ?? seen?.since ?? now();
  return now() - last < SILENT_MS ? text(200, 'ok') : text(503, `no look for ${Math.round((now() - last) / 1000)} s`);
}

/** Ready: the kernel was read back as planned, and that not long ago. */
function ready({ status, now }: Told): ServedAnswer {
  const seen = status();
  if (seen?.state !== 'inSync' || seen.lastSuccess === null)
    return text(503, `not in sync: ${seen?.state ?? 'starting'}`);
  if (now() - seen.lastSuccess >= SILENT_MS) return text(503, 'the kernel was not read back lately');
  return text(200, 'in sync');
}

const json = (value: unknown): ServedAnswer => ({
  status: 200,
  headers: JSON_TYPE,
  body: `${JSON.stringify(value)}\n`,
});
const text = (status: number, line: string): ServedAnswer => ({ status, headers: TEXT_TYPE, body: `${line}\n` });
