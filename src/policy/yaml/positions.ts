import type { PolicyPath } from '../problem.ts';

/** Where values and keys stand in a text, as offsets by path. */
export class PositionIndex {
  readonly #values = new Map<string, number>();
  readonly #keys = new Map<string, number>();

  addValue(path: PolicyPath, offset: number): void {
    this.#values.set(JSON.stringify(path), offset);
  }

  addKey(path: PolicyPath, offset: number): void {
    this.#keys.set(JSON.stringify(path), offset);
  }

  /** The offset of the value (or its key); of the nearest enclosing value where the path leads nowhere. */
  offsetOf(path: PolicyPath, atKey: boolean): number {
    const exact = (atKey ? this.#keys : this.#values).get(JSON.stringify(path));
    if (exact !== undefined) return exact;
    return path.length === 0 ? 0 : this.offsetOf(path.slice(0, -1), false);
  }
}
