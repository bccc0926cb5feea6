import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { PORTS } from '../agent/start-agent.ts';
import { benchProgram } from '../dataplane/program-file.ts';
import { type Summary, summarize } from '../statistics.ts';
import { ruledHost } from './host.ts';

/** What the program `look` is asked. */
export interface LooksOrder {
  readonly ports: string;
  readonly looks: number;
}

/** Milliseconds of a look at a host with these rules that changes nothing. */
export async function measureLooks(rules: string, looks: number): Promise<Summary> {
  const { host, close } = await ruledHost(rules);
  const folder = await makeLabFolder();
  try {
    const order: LooksOrder = { ports: PORTS, looks };
    const env = { PORTFENCE_STATE_DIR: folder.path };
    const { code, stdout, stderr } = await host.run(benchProgram('look', JSON.stringify(order)), { env });
    if (code !== 0) throw new PortfenceError('SYSTEM', `the looks ended with ${code}: ${stderr.trim()}`);
    return summarize(JSON.parse(stdout) as readonly number[]);
  } finally {
    await close();
    await folder.remove();
  }
}
