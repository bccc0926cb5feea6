import type { AgentStatus } from '../reconcile/agent-status.ts';
import { historyFile, stateFolder } from '../reconcile/state.ts';
import type { System } from '../system/system.ts';
import { type History, NO_HISTORY, type RememberedEvent, readHistory, withEvent, withStatus } from './history.ts';

/** The last 24 hours, also across restarts of the agent. */
export interface HistoryKeeper {
  current(): History;
  /** Takes a status, and the largest share of the ports in use towards one destination. */
  status(status: AgentStatus, full: number): Promise<void>;
  happened(event: Omit<RememberedEvent, 'at'>): void;
  close(): Promise<void>;
}

/** Milliseconds between two writings where nothing happens; what happened is written with the next status. */
const WRITE_EVERY_MS = 300_000;

/** Reads what an agent before this one has left with the first status, and writes from then on. A file that can't be written is said once. */
export function historyKeeper(system: System, say: (line: string) => void): HistoryKeeper {
  let history: History = NO_HISTORY;
  let reading: Promise<void> | undefined;
  let written = 0;
  let isNew = false;
  let isBroken = false;
  let early: readonly RememberedEvent[] = [];
  let isRead = false;
  const read = async (): Promise<void> => {
    const text = await system.readText(historyFile(await stateFolder(system))).catch(() => undefined);
    history = early.reduce(withEvent, readHistory(text, system.now()));
    [early, isRead, written] = [[], true, system.now()];
  };
  const write = async (): Promise<void> => {
    [written, isNew] = [system.now(), false];
    try {
      await system.writeText(historyFile(await stateFolder(system)), `${JSON.stringify(history)}\n`);
      isBroken = false;
    } catch (error) {
      if (!isBroken) say(`warning: the history can't be written: ${error instanceof Error ? error.message : error}`);
      isBroken = true;
    }
  };
  return {
    current: () => history,
    status: async (status, full) => {
      reading ??= read();
      await reading;
      history = withStatus(history, { now: system.now(), status, full });
      if (isNew || system.now() - written >= WRITE_EVERY_MS) await write();
    },
    happened: (one) => {
      isNew = true;
      const event = { at: system.now(), ...one };
      if (isRead) history = withEvent(history, event);
      else early = [...early, event];
    },
    close: async () => {
      await reading;
      if (isRead) await write();
    },
  };
}
