/** Network ACLs: read from files, and solved for the source ports that pass out and back in. */
export { type AddressBlock, addressBlock, EVERYWHERE } from '../acl/address-block.ts';
export { findSide, type SideRequest } from '../acl/find-side.ts';
export type { AclEntry, AclInventory, NetworkAcl } from '../acl/model.ts';
export type { Question } from '../acl/question.ts';
export { type AclFile, readAclFiles } from '../acl/readers/read.ts';
export { type Recommended, recommend } from '../acl/recommend.ts';
export { readService, type Service } from '../acl/services.ts';
export { type PortAnswer, solve } from '../acl/solve.ts';
