/** A file that a bench writes into the folder of its page. */
export interface OutputFile {
  readonly file: string;
  readonly lines: readonly string[];
}
