/** The forms of user data: cloud-config, and a shell script. */
export const FORMATS = ['cloud-config', 'shell'] as const;
/** One of `FORMATS`. */
export type Format = (typeof FORMATS)[number];
/** Bytes, before base64 (EC2 user guide, "Work with instance user data"). */
export const EC2_LIMIT = 16_384;
