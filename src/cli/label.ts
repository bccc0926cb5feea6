import { InvalidArgumentError } from 'commander';

/** A name of which suffixes fit as well (RFC 1123, as Kubernetes takes names of namespaces and pods, and Docker those of configs). */
export function label(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('write small letters, digits and hyphens, 48 at most.');
  return text;
}
