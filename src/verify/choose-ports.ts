import { type PortSet, portCount } from '../ports.ts';

/** So many different ports of the set, evenly over all of it; `shift` from 0 up to 1 moves them between one run and another. */
export function spreadOver(set: PortSet, count: number, shift: number): readonly number[] {
  const size = portCount(set);
  const wanted = Math.min(count, size);
  const start = (i: number) => Math.floor((i * size) / wanted);
  return Array.from({ length: wanted }, (_, i) => nth(set, start(i) + Math.floor(shift * (start(i + 1) - start(i)))));
}

function nth(set: PortSet, index: number): number {
  let left = index;
  for (const { from, to } of set) {
    if (left <= to - from) return from + left;
    left -= to - from + 1;
  }
  throw new RangeError(`the set has no port number ${index}`);
}

/** Half from ports of our own, half from ports that the kernel chooses: its choice alone shows only neighbours. */
export function halves(count: number): { own: number; kernel: number } {
  return { own: Math.ceil(count / 2), kernel: Math.floor(count / 2) };
}

export interface SourcePorts {
  readonly own: readonly number[];
  /** Taken in the place of ports that are in use. */
  readonly spares: readonly number[];
  /** How many the kernel is to choose. */
  readonly kernel: number;
}

/** Which source ports to send from: spread over `from`, without those that `confined` says the policy leaves alone. */
export function chooseSourcePorts(
  count: number,
  { from, shift, confined }: { from: PortSet; shift: number; confined: (port: number) => boolean },
): SourcePorts {
  const { own: wanted, kernel } = halves(count);
  const first = spreadOver(from, wanted, shift).filter(confined);
  const used = new Set(first);
  const others = spreadOver(from, wanted + 32, (shift + 0.5) % 1).filter((port) => !used.has(port) && confined(port));
  const own = [...first, ...others.splice(0, wanted - first.length)];
  return { own, spares: others.slice(0, 64), kernel };
}
