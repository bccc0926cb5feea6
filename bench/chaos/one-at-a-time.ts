/** Gives each piece of work its turn on the thing that it is for: one at a time, in the order of the calls. */
export function oneAtATime<What extends string>(): <T>(what: What, work: () => Promise<T>) => Promise<T> {
  const last = new Map<What, Promise<unknown>>();
  return (what, work) => {
    const mine = (last.get(what) ?? Promise.resolve()).then(work, work);
    last.set(
      what,
      mine.catch(() => {}),
    );
    return mine;
  };
}
