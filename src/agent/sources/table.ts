import { basename, dirname, resolve } from 'node:path';
import { FAMILY, TABLE } from '../../backends/nftables/table.ts';
import { canBeAsked } from '../../observe/listening.ts';
import { STATE_FILE_NAME, stateFolder } from '../../reconcile/state.ts';
import type { LineStream, System } from '../../system/system.ts';
import { legacyIptablesSource } from './legacy-iptables.ts';
import type { BackOff, EventSource, OpenSource } from './source.ts';

const BACK_OFF: BackOff = { first: 1000, longest: 30_000 };
/** An engine that is restarted is back soon. */
const ENGINE_BACK_OFF: BackOff = { first: 250, longest: 30_000 };

/** What changes a plan: networks come and go, containers join them, start and end (`died`, `remove`: podman's words). */
const ENGINE_EVENTS = {
  type: ['network', 'container'],
  event: ['create', 'connect', 'disconnect', 'destroy', 'remove', 'start', 'die', 'died'],
};
const ENGINE_PATH = `/events?filters=${encodeURIComponent(JSON.stringify(ENGINE_EVENTS))}`;
const LOST = `delete table ${FAMILY} ${TABLE}`;

/** Called where inotify is used up: the path is looked at every few seconds from then on. */
export type OnPolling = (reason: Error) => void;

/** Everything that reports a change on this host: name, how it is opened, and the pause before it is opened again. */
export function agentSources(
  system: System,
  { sockets, onPolling }: { readonly sockets: readonly string[]; readonly onPolling: OnPolling },
): readonly EventSource[] {
  return [
    {
      name: 'nft monitor',
      backOff: BACK_OFF,
      open: async ({ lost, changed }) =>
        system.streamCommand(['nft', 'monitor'], (line) => {
          if (line.startsWith(LOST)) lost();
          else if (!line.startsWith('#')) changed();
        }),
    },
    {
      name: 'ip monitor',
      backOff: BACK_OFF,
      open: async ({ changed }) => system.streamCommand(['ip', '-o', 'monitor', 'link', 'address', 'route'], changed),
    },
    {
      name: 'state',
      backOff: BACK_OFF,
      open: async ({ changed }) =>
        watched(system, `${await stateFolder(system)}/${STATE_FILE_NAME}`, { onChange: changed, onPolling }),
    },
    legacyIptablesSource(system),
    ...[...new Set(sockets)].map((socket) => engineSource(system, socket, onPolling)),
  ];
}

/** The row for one file of the policy, also one that is not there yet; a relative path counts from the working directory. */
export function fileSource(system: System, path: string, onPolling: OnPolling): EventSource {
  const absolute = resolve(path);
  return {
    name: `file ${absolute}`,
    backOff: BACK_OFF,
    open: async ({ policy }) => watched(system, absolute, { onChange: policy, onPolling }),
  };
}

function engineSource(system: System, socket: string, onPolling: OnPolling): EventSource {
  return {
    name: `engine ${socket}`,
    backOff: ENGINE_BACK_OFF,
    announce: (wake) => system.watchFile(socket, wake, { onPolling }),
    open: async ({ changed }): Promise<LineStream | 'absent' | 'asleep'> => {
      if (!(await system.list(dirname(socket))).includes(basename(socket))) return 'absent';
      if (!(await canBeAsked(system, socket))) return 'asleep';
      return system.streamSocket(socket, ENGINE_PATH, changed);
    },
  };
}

/** A watch does not end by itself. It calls once at the start, for what happened before. */
function watched(
  system: System,
  path: string,
  { onChange, onPolling }: { onChange: () => void; onPolling: OnPolling },
): OpenSource {
  let end = (): void => {};
  const ended = new Promise<void>((settle) => {
    end = settle;
  });
  const watch = system.watchFile(path, onChange, { onPolling });
  return {
    ended,
    stop: async () => {
      watch.close();
      end();
    },
  };
}
