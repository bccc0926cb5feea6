import type { EngineSysctls } from '../install/engine-sysctls.ts';

/** An engine's configuration, or why it needs none. */
export function engineSysctlsText(
  engine: string,
  made: EngineSysctls | undefined,
): { json: unknown; text: readonly string[] } {
  if (!made) {
    const nothing = `# ${engine}: nothing to set, containers keep what the kernel gives them under this policy`;
    return { json: { engine, file: null, sysctls: {}, text: '' }, text: [nothing] };
  }
  return { json: made, text: made.text.trimEnd().split('\n') };
}
