import type { CorpusCase } from './corpus.ts';
import type { CorpusTestbed } from './corpus-testbed.ts';

/** Each flow's echo request has a length of its own, so that it is known again whatever its source has become. */
const FIRST_SIZE = 100;
const HEADERS = { four: 28, six: 8 } as const;
const TABLE = `
add table inet echoes
delete table inet echoes
table inet echoes {
  set four { typeof ip saddr . ip length; size 1024; flags dynamic; }
  set six { typeof ip6 saddr . ip6 length; size 1024; flags dynamic; }
  chain arrived {
    type filter hook input priority 0;
    icmp type echo-request add @four { ip saddr . ip length }
    icmpv6 type echo-request add @six { ip6 saddr . ip6 length }
  }
}
`;

/** Sends an echo request the way of each flow of the case. Gives who saw it, and from which address; undefined where nobody did. */
export async function echoesOf(
  { machines }: CorpusTestbed,
  { flows }: CorpusCase,
): Promise<readonly (string | undefined)[]> {
  const receivers = [...machines].filter(([, { kind }]) => kind !== 'host');
  await Promise.all(receivers.map(([, { namespace }]) => namespace.expect(['nft', '-f', '-'], { input: TABLE })));
  await Promise.all(
    flows.map(({ from, to, source }, i) => {
      const way = source === undefined ? [] : ['-I', source];
      const size = String(FIRST_SIZE + i);
      return machines.get(from)?.namespace.run(['busybox', 'ping', '-c', '1', '-W', '1', '-s', size, ...way, to]);
    }),
  );
  const seen = await Promise.all(
    receivers.map(async ([name, { namespace }]) => {
      const listed = await namespace.expect(['nft', 'list', 'table', 'inet', 'echoes']);
      return [...listed.matchAll(/([\da-f.:]+) \. (\d+)/g)].map(([, address = '', length]) => {
        const headers = address.includes(':') ? HEADERS.six : HEADERS.four;
        return [Number(length) - headers - FIRST_SIZE, `${address} at ${name}`] as const;
      });
    }),
  );
  const words = new Map(seen.flat());
  return flows.map((_, i) => words.get(i));
}
