import type { System } from '../system/system.ts';

/** Where network namespaces are mounted, as this process sees it (proc_pid_mountinfo(5)). */
export async function observeNamespaceMounts(system: System): Promise<ReadonlySet<string>> {
  const text = (await system.readText('/proc/self/mountinfo')) ?? '';
  const points = text.split('\n').flatMap((line) => {
    const [, , , root = '', point = ''] = line.split(' ');
    return root.startsWith('net:[') ? [point.replaceAll(/\\([0-7]{3})/g, (_, octal) => unescaped(octal))] : [];
  });
  return new Set(points);
}

const unescaped = (octal: string): string => String.fromCharCode(Number.parseInt(octal, 8));
