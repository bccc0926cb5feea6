import type { FlowState } from '../flows/watch-flows.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import { fillings, type Happening, happenings, journalFields, jsonLine, PRIORITY } from '../report/events.ts';
import type { System } from '../system/system.ts';

export const LOG_FORMATS = ['auto', 'json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Where the agent's words and events go. */
export interface AgentLog {
  readonly say: (line: string) => void;
  readonly subscriber: { readonly name: string; readonly publish: (status: AgentStatus) => Promise<void> };
  readonly flows: (state: FlowState) => void;
}

/**
 * `json`: a line of JSON each. `auto`: where standard error is the journal (JOURNAL_STREAM, systemd.exec(5)) events go there
 * with their fields by `logger --journald`, and lines with their priority (sd-daemon(3)); else lines of text.
 */
export function agentLog(
  system: System,
  format: LogFormat,
  { write, remember }: { readonly write: (line: string) => void; readonly remember: (one: Happening) => void },
): AgentLog {
  const journal = format === 'auto' && system.env['JOURNAL_STREAM'] !== undefined;
  const say = (line: string): void => {
    const level = line.startsWith('warning:') || line.startsWith("can't") ? 'warning' : 'info';
    if (format === 'json') write(jsonLine(system.now(), { level, message: line }));
    else
      write(
        journal
          ? line
              .split('\n')
              .map((one) => `<${PRIORITY[level]}>${one}`)
              .join('\n')
          : line,
      );
  };
  const tell = async (one: Happening): Promise<void> => {
    remember(one);
    if (format === 'json') write(jsonLine(system.now(), one));
    else if (!journal) write(`${one.level}: ${one.message}`);
    else if (!(await toJournal(system, one))) write(`<${PRIORITY[one.level]}>${one.message}`);
  };
  let [status, state]: [AgentStatus | undefined, FlowState | undefined] = [undefined, undefined];
  return {
    say,
    subscriber: {
      name: 'events',
      publish: async (next) => {
        const before = status;
        status = next;
        if (before) for (const one of happenings(before, next)) await tell(one);
      },
    },
    flows: (next) => {
      const before = state;
      state = next;
      for (const one of fillings(before?.destinations ?? [], next.destinations)) void tell(one).catch(() => {});
    },
  };
}

async function toJournal(system: System, one: Happening): Promise<boolean> {
  const done = await system
    .run(['logger', '--journald'], { input: journalFields(one), timeoutMs: 5000 })
    .catch(() => undefined);
  return done?.code === 0;
}
