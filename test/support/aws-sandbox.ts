import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { type Ec2Server, ec2Server, VPC } from './ec2-server.ts';
import { INSTANCE, type MetadataServer, metadataServer } from './metadata-server.ts';

/** AWS on loopback: EC2's API and metadata, and no way to anything else of it, for this process and those that it starts. */
export interface AwsSandbox {
  readonly ec2: Ec2Server;
  readonly metadata: MetadataServer;
  /** Home, with `config` and `credentials` of AWS's programs, which are not there yet. */
  readonly folder: string;
  /** Puts keys into the environment. */
  logIn(): void;
  close(): Promise<void>;
}

/** An environment in which the AWS SDK finds nothing of this machine. */
export async function awsSandbox(): Promise<AwsSandbox> {
  const [ec2, metadata, folder] = await Promise.all([
    ec2Server(VPC),
    metadataServer({ ...INSTANCE }),
    mkdtemp(join(tmpdir(), 'portfence-aws-')),
  ]);
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.url);
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
  vi.stubEnv('HOME', folder);
  return {
    ec2,
    metadata,
    folder,
    logIn: () => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDENVIRONMENT');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    },
    close: async () => {
      vi.unstubAllEnvs();
      await Promise.all([ec2.close(), metadata.close(), rm(folder, { recursive: true, force: true })]);
    },
  };
}
