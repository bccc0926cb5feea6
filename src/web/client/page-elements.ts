/** The element of this name; the page has it, or is broken. */
export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

/** Text from outside goes in as text, never as HTML. */
export const setText = (id: string, words: string): void => {
  find(id, HTMLElement).textContent = words;
};

/** A list of lines, each an element of its own. */
export function setItems(id: string, lines: readonly string[]): void {
  find(id, HTMLElement).replaceChildren(
    ...lines.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }),
  );
}

/** What the agent answers, or undefined where it does not. */
export async function ask<T>(path: string): Promise<T | undefined> {
  try {
    const answer = await fetch(path);
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}
