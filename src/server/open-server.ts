import { PortfenceError } from '../errors.ts';
import { type FlowState, watchFlows } from '../flows/watch-flows.ts';
import { addressTable } from '../plan/address-table.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import { policyInForce } from '../reconcile/policy-in-force.ts';
import { agentSocket } from '../reconcile/state.ts';
import type { Survey } from '../reconcile/survey.ts';
import type { HttpPlace, HttpServing, System } from '../system/system.ts';
import { type AclView, aclPage } from './acl-page.ts';
import type { RememberedEvent } from './history.ts';
import { historyKeeper } from './history-keeper.ts';
import { liveFeed } from './live.ts';
import { pageRoutes } from './page.ts';
import { routes, type Told } from './routes.ts';

export interface ServerOptions {
  readonly version: string;
  readonly cost: Told['cost'];
  /** Sockets of the engines that name containers. */
  readonly sockets: readonly string[];
  readonly say: (line: string) => void;
  /** Asks the network ACL that the policy names; undefined where it names none. */
  readonly acl: () => Promise<AclView | undefined>;
  /** Learns what each look at the flows found. */
  readonly onLook: (state: FlowState) => void;
}

/** The agent's server. It takes the agent's status and each survey as they come. */
export interface AgentServer {
  readonly name: string;
  publish(status: AgentStatus): Promise<void>;
  /** Something happened that people read about later. */
  happened(event: Omit<RememberedEvent, 'at'>): void;
  /** What the host is like; also the address to listen on, as the policy says. */
  surveyed(survey: Survey): void;
  end(): Promise<void>;
}

/**
 * Serves on `agent.sock` in the state folder, and on the policy's `listen` address from the first survey on. What can't be
 * opened is said once and costs the agent nothing else. Never throws.
 */
export function openServer(system: System, options: ServerOptions): AgentServer {
  let status: AgentStatus | undefined;
  const flows = watchFlows(system, { sockets: options.sockets, onLook: options.onLook });
  let surveyed: Survey | undefined;
  let shown: { of: Survey | undefined; addresses: ReturnType<Told['addresses']> } = {
    of: undefined,
    addresses: undefined,
  };
  let policy: ReturnType<Told['policy']>;
  const history = historyKeeper(system, options.say);
  const told: Told = {
    version: options.version,
    now: system.now,
    status: () => status,
    policy: () => policy,
    flows,
    history: history.current,
    addresses: () => {
      if (surveyed !== shown.of) shown = { of: surveyed, addresses: surveyed && addressesOf(surveyed) };
      return shown.addresses;
    },
    acl: aclPage(system, options.acl),
    cost: options.cost,
  };
  const live = liveFeed(system, told);
  const handle = routes(told, pageRoutes(live, told.acl));
  const open = (place: HttpPlace): Promise<HttpServing | undefined> =>
    system.serveHttp(place, handle).catch((error: unknown) => {
      options.say(`warning: ${reason(error)}`);
      return undefined;
    });
  const address = addressServer(open);
  // Not before the first status: by then no other agent runs here, whose socket this would take away.
  let socket: Promise<HttpServing | undefined> | undefined;
  return {
    name: 'server',
    publish: async (next) => {
      status = next;
      if (next.state === 'removed') await flows.forget();
      await history.status(next, fullestShare(flows.current()));
      socket ??= agentSocket(system).then((path) => open({ socket: path }));
      await socket;
    },
    happened: history.happened,
    surveyed: (survey) => {
      surveyed = survey;
      policy = policyInForce(survey);
      flows.know(survey.plan, survey.facts);
      address.want(survey.policy.listen);
    },
    end: async () => {
      await Promise.all([flows.close(), live.close(), socket?.then((one) => one?.close()), address.close()]);
      await history.close();
    },
  };
}

/** The rules of others, as they decide about source addresses. */
const addressesOf = ({ plan, facts, notes }: Survey): ReturnType<Told['addresses']> => ({
  rows: addressTable(plan, facts),
  notes,
});

/** How full the fullest destination is, from 0 to 1. */
function fullestShare(flows: FlowState | undefined): number {
  const shares = flows?.destinations.map(({ inUse, available }) => (available === 0 ? 0 : inUse / available)) ?? [];
  return Math.max(0, ...shares);
}

/** Follows the address of the policy, one change after another. */
function addressServer(open: (place: HttpPlace) => Promise<HttpServing | undefined>) {
  let wanted: string | undefined;
  let serving: HttpServing | undefined;
  let changing = Promise.resolve();
  const want = (address: string | undefined): void => {
    if (address === wanted) return;
    wanted = address;
    changing = changing.then(async () => {
      await serving?.close();
      const place = address === undefined ? undefined : placeOf(address);
      serving = place && (await open(place));
    });
  };
  return {
    want,
    close: async () => {
      want(undefined);
      await changing;
    },
  };
}

/** `127.0.0.1:9469` or `[::1]:9469`, as the policy has checked it. */
function placeOf(address: string): HttpPlace {
  const end = address.lastIndexOf(':');
  return { host: address.slice(0, end).replace(/^\[|\]$/g, ''), port: Number(address.slice(end + 1)) };
}

const reason = (error: unknown): string =>
  error instanceof PortfenceError ? `${error.message}${error.hint ? ` (${error.hint})` : ''}` : String(error);
