/** One layer of an image: a tar archive, as it is and packed. Digests are `sha256:HEX`. */
export interface Layer {
  readonly digest: string;
  /** Bytes, packed. */
  readonly size: number;
  /** The digest of the archive before it was packed. */
  readonly diffId: string;
}

/** What an image is made of, besides the bytes of its layers. */
export interface ImageOptions {
  readonly name: string;
  readonly version: string;
  /** As Go names it: amd64, arm64. */
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly builtAt: number;
  readonly layers: readonly Layer[];
  /** What runs where nothing else is asked for. */
  readonly entrypoint: readonly string[];
  /** Gives `sha256:HEX` of a text. */
  readonly digestOf: (text: string) => string;
}

const OCI = 'application/vnd.oci.image';
const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

/**
 * The files of an image archive by their paths, the layers apart (image-spec, "Image Layout"). `manifest.json` is for
 * `docker load` before Docker 25.
 */
export function imageFiles({ name, version, architecture, builtAt, layers, entrypoint, digestOf }: ImageOptions) {
  const created = new Date(builtAt * 1000).toISOString();
  const labels = {
    'org.opencontainers.image.title': 'portfence',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'MIT',
  };
  const config = JSON.stringify({
    created,
    architecture,
    os: 'linux',
    config: {
      Entrypoint: entrypoint,
      Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created, created_by: 'portfence' })),
  });
  const configDigest = digestOf(config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest: configDigest, size: config.length },
    layers: layers.map(({ digest, size }) => ({ mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size })),
    annotations: labels,
  });
  const manifestDigest = digestOf(manifest);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      {
        mediaType: `${OCI}.manifest.v1+json`,
        digest: manifestDigest,
        size: manifest.length,
        platform: { architecture, os: 'linux' },
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': version },
      },
    ],
  });
  const forDocker = [
    { Config: blob(configDigest), RepoTags: [name], Layers: layers.map(({ digest }) => blob(digest)) },
  ];
  return {
    digest: manifestDigest,
    files: {
      'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
      'index.json': index,
      [blob(configDigest)]: config,
      [blob(manifestDigest)]: manifest,
      'manifest.json': JSON.stringify(forDocker),
    } as Readonly<Record<string, string>>,
    layerPaths: layers.map(({ digest }) => blob(digest)),
  };
}
