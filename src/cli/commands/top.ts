import { EXIT } from '../../errors.ts';
import type { FlowQuestion } from '../../flows/flow-report.ts';
import type { TopChoice, TopData } from '../../report/top/view.ts';
import type { AddCommand, CommonFlags, Context } from '../context.ts';
import { type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';

/** Milliseconds between two looks; a look that takes long comes less often, so that it costs 5 % of a core at most. */
const PAUSE_MS = 2000;
const PAUSE_TIMES = 20;
const MOST = 200;

export const topCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('top'))
    .description('a live view: which destinations fill up, which containers fill them, what leaks')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .action(async (options: CommonFlags & PolicyOptions) => {
      const { flowQuestion } = await import('../flow-question.ts');
      await runTop(context, await flowQuestion(context, options, MOST));
      respond({ exit: EXIT.fine, json: {}, text: [] }, false);
    });
};

/** Shows the view until a person ends it, or a signal does. */
async function runTop({ system, colour }: Context, question: FlowQuestion): Promise<void> {
  const { openTerminal } = await import('../../system/terminal.ts');
  const { terminationSignal } = await import('../../system/signals.ts');
  const { FIRST_CHOICE, topLines } = await import('../../report/top/view.ts');
  const { lineText, screenChange } = await import('../../report/top/screen.ts');
  const { pressed } = await import('../../report/top/keys.ts');
  const { observeWhy } = await import('../../flows/why.ts');
  const { topSource } = await import('../top-data.ts');
  const look = topSource(system, question);
  const ending = new AbortController();
  terminationSignal().addEventListener('abort', () => ending.abort());
  let data: TopData = await look(); // What can't be looked at is told before the screen is taken.
  let choice: TopChoice = FIRST_CHOICE;
  let shown: readonly string[] = [];
  let at: ReturnType<typeof topLines> | undefined;
  const draw = (): void => {
    const size = terminal.size();
    at = topLines(data, choice, size);
    const rows = at.lines.map((line) => lineText(line, { columns: size.columns, colour }));
    terminal.write(screenChange(shown, rows));
    shown = rows;
  };
  const detail = async (): Promise<void> => {
    const service = at?.service;
    if (!service) return;
    choice = { ...choice, detail: await observeWhy(system, question, service) };
    draw();
  };
  const terminal = openTerminal({
    key: (key) => {
      const next = pressed(choice, key, at?.count ?? 0);
      choice = next.choice;
      if (next.wish === 'quit') ending.abort();
      else if (next.wish === 'detail') void detail().catch(() => ending.abort());
      if (!ending.signal.aborted) draw();
    },
    resize: () => {
      shown = [];
      terminal.write('\x1b[2J');
      draw();
    },
  });
  try {
    while (!ending.signal.aborted) {
      draw();
      await system.sleep(Math.max(PAUSE_MS, data.report.tookMs * PAUSE_TIMES), ending.signal);
      if (!choice.paused && !ending.signal.aborted) data = await look();
    }
  } finally {
    terminal.close();
  }
}
