/** Whether a policy file says nothing: blank lines and comments alone, as the sample of a package does. It counts as no policy. */
export function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
}
