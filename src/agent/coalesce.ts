/** Runs the work once for however many calls come while it runs, and once more for those. */
export function coalesce(work: () => Promise<void>): { ask(): void; idle(): Promise<void> } {
  let running: Promise<void> | undefined;
  let asked = false;
  const run = async (): Promise<void> => {
    while (asked) {
      asked = false;
      await work();
    }
  };
  return {
    ask: () => {
      asked = true;
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    idle: async () => {
      await running;
    },
  };
}
