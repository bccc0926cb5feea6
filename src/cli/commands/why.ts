import { readAddress } from '../../addresses.ts';
import { EXIT, PortfenceError } from '../../errors.ts';
import type { Occupancy } from '../../flows/occupancy.ts';
import { PROTOCOLS, type Protocol } from '../../ports.ts';
import { agentSocket } from '../../reconcile/state.ts';
import type { Remembered } from '../../report/why.ts';
import { scrub } from '../../scrub.ts';
import type { System } from '../../system/system.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';

const PATIENCE_MS = 2000;
/** Half of the ports: from there on exit code 1. */
const FULL = 0.5;

export const whyCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('why <service>'))
    .description(
      'who fills the ports towards HOST:PORT (or tcp/HOST:PORT), how full, since when, and what to do; exit 1 from 50 % on',
    )
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (service: string, options: CommonFlags & PolicyOptions) => {
      const { host, port, protocol } = readService(service);
      const address = readAddress(host) ?? (await addressOf(context.system, host));
      const { observeWhy } = await import('../../flows/why.ts');
      const { flowQuestion } = await import('../flow-question.ts');
      const { whyLines } = await import('../../report/why.ts');
      const why = await observeWhy(context.system, await flowQuestion(context, options, 0), {
        address,
        port,
        protocol,
      });
      const isFull = why.destinations.some(({ inUse, available }) => inUse >= available * FULL);
      const remembered = await rememberedOf(context.system, { address, port });
      const text = whyLines(why, remembered, context.system.now());
      respond(
        { exit: isFull ? EXIT.no : EXIT.fine, json: { ...why, remembered: remembered ?? null }, text },
        options.json ?? false,
      );
    });
};

/** What a running agent knows of the past of a service; undefined where none runs, or it has not looked yet. */
async function rememberedOf(
  system: System,
  service: { readonly address: string; readonly port: number },
): Promise<Remembered | undefined> {
  const answer = await system.getJson(await agentSocket(system), '/api/flows', PATIENCE_MS).catch(() => undefined);
  const { report, destinations } = (answer ?? { report: null }) as {
    report: unknown;
    destinations?: readonly Occupancy[];
  };
  if (report === null) return undefined;
  const known = destinations?.find(({ address, port }) => address === service.address && port === service.port);
  return { fillingSince: known?.fillingSince ?? null, fullInS: known?.fullInS ?? null };
}

const SHAPE = /^(?:(\w+)\/)?(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/;

function readService(text: string): { host: string; port: number; protocol: Protocol | undefined } {
  const [, word, six, four = '', digits] = SHAPE.exec(text) ?? [];
  const port = Number(digits);
  const protocol = PROTOCOLS.find((one) => one === word);
  if (!(port >= 1 && port <= 65_535) || (word !== undefined && !protocol))
    throw new PortfenceError('USAGE', `'${scrub(text)}' is not HOST:PORT`, {
      hint: 'write it like 203.0.113.10:443, [2001:db8::1]:443, db.example.com:5432 or udp/203.0.113.53:53',
    });
  return { host: six ?? four, port, protocol };
}

/** The first address of a name, as programs of this host find it. */
async function addressOf(system: System, name: string): Promise<string> {
  const { stdout } = /^[\w.-]+$/.test(name) ? await system.run(['getent', 'ahosts', name]) : { stdout: '' };
  const address = readAddress(stdout.split(/\s/, 1)[0] ?? '');
  if (address === undefined)
    throw new PortfenceError('USAGE', `'${scrub(name)}' is no address, and no name that this host can resolve`);
  return address;
}
