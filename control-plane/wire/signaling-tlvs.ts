/** Moved: see tlv/tlv-type.ts. */
export { TLV_TYPE } from './tlv/tlv-type.js';
