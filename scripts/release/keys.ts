import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expiringKeys, keysOf } from '../../src/packaging/repository.ts';
import { must } from './project.ts';

/** A GnuPG of its own that holds one signing key. */
export interface Signer {
  readonly home: string;
  readonly fingerprint: string;
  /** Writes the public key, as text or as apt wants it. */
  exportKey(file: string, form: 'text' | 'binary'): Promise<void>;
  gpg(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Opens a folder with the secret key of a file. Throws where it is not one key, or expires within 180 days. */
export async function signerOf(keyFile: string): Promise<Signer> {
  return signerThat(async (gpg) => {
    await gpg('--import', keyFile);
    const keys = keysOf(await gpg('--with-colons', '--list-secret-keys'));
    const [key, second] = keys;
    if (key === undefined || second !== undefined)
      throw new Error(`${keyFile} holds ${keys.length} secret keys, not one`);
    const expiring = expiringKeys(keys, Date.now() / 1000);
    if (expiring.length > 0) throw new Error(expiring.join('\n'));
    return key.fingerprint;
  });
}

/** A key that ends with the folder, for trials. */
export async function trialSigner(): Promise<Signer> {
  return signerThat(async (gpg) => {
    await gpg('--quick-generate-key', 'portfence trial', 'rsa3072', 'sign', '1y');
    return keysOf(await gpg('--with-colons', '--list-secret-keys'))[0]?.fingerprint ?? '';
  });
}

async function signerThat(prepare: (gpg: Signer['gpg']) => Promise<string>): Promise<Signer> {
  const home = mkdtempSync(join(tmpdir(), 'portfence-gpg-'));
  const gpg: Signer['gpg'] = (...args) =>
    must(['gpg', '--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase', '', ...args]);
  const close = async (): Promise<void> => {
    await must(['gpgconf', '--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const fingerprint = await prepare(gpg);
    const exportKey: Signer['exportKey'] = async (file, form) => {
      await gpg('--output', file, ...(form === 'text' ? ['--armor'] : []), '--export', fingerprint);
    };
    return { home, fingerprint, gpg, exportKey, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes a signing key: the secret part goes to a file that the maintainers keep. */
export async function makeKey(owner: string, secretFile: string): Promise<void> {
  const signer = await signerThat(async (gpg) => {
    await gpg('--quick-generate-key', owner, 'rsa4096', 'sign', '5y');
    return keysOf(await gpg('--with-colons', '--list-secret-keys'))[0]?.fingerprint ?? '';
  });
  const text = await signer.gpg('--armor', '--export-secret-keys', signer.fingerprint);
  writeFileSync(secretFile, text, { mode: 0o600, flag: 'wx' });
  await signer.close();
}
