// The leaf: one line of JCS that the log hashes. It holds no content, so it may leave the site.
//
//   {"_sd":[…],"_sd_alg":"sha-256","e":…,"i":…,"k":…,"log":…,"n":…,"p":…,"ref":{…},"s":…,"t":…,"v":1}
//
// `i` is the tree index; `n` counts within a session without gaps and `p` is the leaf hash of entry n − 1.
// `e` stands in entries of an endpoint or session, `s` and `n` in those of a session, `p` from n = 1 on, `ref`
// where the kind cites earlier entries. The stored bytes are what is hashed: a reader refuses bytes that do
// not re-encode to themselves.

import { type Bytes, decodeUtf8, encodeUtf8 } from './bytes.ts';
import { parseBase64url } from './base64.ts';
import { FormatError } from './error.ts';
import { HASH_BYTES } from './hash.ts';
import { parseId } from './id.ts';
import { fieldNamesOf, isKind, type Kind, REF_NAMES, type RefName, shapeOf } from './kind.ts';

export interface Leaf {
  readonly v: 1;
  readonly log: string;
  readonly i: number;
  readonly t: string;
  readonly k: Kind;
  readonly e?: string;
  readonly s?: string;
  readonly n?: number;
  readonly p?: string;
  readonly ref?: Refs;
  readonly _sd: readonly string[];
  readonly _sd_alg: 'sha-256';
}

/** Leaf hashes of earlier entries, base64url, by the name under which this entry cites them. */
export type Refs = Readonly<Partial<Record<RefName, string>>>;

export const MAX_LEAF_BYTES = 16_384;
export const MAX_ORIGIN_CHARS = 255;

/** Encodes a leaf as its JCS bytes. The caller owns the meaning; `parseLeaf` is what checks it. */
export function encodeLeaf(leaf: Leaf): Bytes {
  return encodeUtf8(formatLeaf(leaf));
}

/**
 * Parses stored leaf bytes.
 * @throws {FormatError} code `leaf` when they are not a leaf of a kind we know, in canonical form
 */
export function parseLeaf(bytes: Uint8Array): Leaf {
  if (bytes.length > MAX_LEAF_BYTES) throw malformed(`over ${MAX_LEAF_BYTES} bytes`);
  let text: string;
  let value: unknown;
  try {
    text = decodeUtf8(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError('leaf', 'Cannot parse leaf: not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null) throw malformed('not an object');
  const leaf = checkLeaf(value as Readonly<Record<string, unknown>>); // every member is checked there
  if (formatLeaf(leaf) !== text) throw malformed('not canonical');
  return leaf;
}

/** Formats the time of a leaf: RFC 3339 in UTC with milliseconds. @throws {RangeError} outside years 0..9999 */
export function formatTime(atMs: number): string {
  const text = new Date(atMs).toISOString();
  if (text.length !== 24)
    throw new RangeError(`Cannot format time: ${text} has no four-digit year`);
  return text;
}

/** Parses the time of a leaf to milliseconds since 1970. @throws {FormatError} code `leaf` for any other form */
export function parseTime(text: string): number {
  const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(atMs) || new Date(atMs).toISOString() !== text) {
    throw malformed('time is not RFC 3339 UTC with milliseconds');
  }
  return atMs;
}

function formatLeaf(leaf: Leaf): string {
  let text = `{"_sd":[${leaf._sd.map((digest) => `"${digest}"`).join(',')}],"_sd_alg":"sha-256"`;
  if (leaf.e !== undefined) text += `,"e":"${leaf.e}"`;
  text += `,"i":${leaf.i},"k":"${leaf.k}","log":${JSON.stringify(leaf.log)}`;
  if (leaf.n !== undefined) text += `,"n":${leaf.n}`;
  if (leaf.p !== undefined) text += `,"p":"${leaf.p}"`;
  if (leaf.ref !== undefined) text += `,"ref":${formatRefs(leaf.ref)}`;
  if (leaf.s !== undefined) text += `,"s":"${leaf.s}"`;
  return `${text},"t":"${leaf.t}","v":1}`;
}

function formatRefs(refs: Refs): string {
  const members = REF_NAMES.filter((name) => refs[name] !== undefined);
  return `{${members.map((name) => `"${name}":"${refs[name]}"`).join(',')}}`;
}

function checkLeaf(value: Readonly<Record<string, unknown>>): Leaf {
  const { v, log, i, t, k, e, s, n, p, ref, _sd: sd, _sd_alg: alg, ...others } = value;
  if (Object.keys(others).length > 0) throw malformed('unknown member');
  if (v !== 1) throw malformed('unknown version');
  if (alg !== 'sha-256') throw malformed('unknown digest algorithm');
  if (typeof log !== 'string' || !isOrigin(log)) throw malformed('bad origin');
  if (!isCount(i)) throw malformed('bad index');
  if (typeof t !== 'string') throw malformed('no time');
  parseTime(t);
  if (typeof k !== 'string' || !isKind(k)) throw malformed('unknown kind');
  return {
    v,
    log,
    i,
    t,
    k,
    ...checkPlace(k, { e, s, n, p }),
    ...checkRefs(k, ref),
    _sd: checkDigests(k, sd),
    _sd_alg: alg,
  };
}

function isOrigin(text: string): boolean {
  return /^[\x21-\x2a\x2c-\x7e]{1,255}$/.test(text); // no spaces, no "+", as note key names demand
}

/** Checks that `e`, `s`, `n`, `p` stand exactly where the kind's scope wants them. */
function checkPlace(
  kind: Kind,
  { e, s, n, p }: { e: unknown; s: unknown; n: unknown; p: unknown },
): { e?: string; s?: string; n?: number; p?: string } {
  const { scope } = shapeOf(kind);
  const inSession = scope === 'session' || (scope === 'any' && s !== undefined);
  const hasEndpoint = inSession || scope === 'endpoint' || (scope === 'any' && e !== undefined);
  if (!hasEndpoint && e !== undefined) throw malformed('kind has no endpoint');
  if (!inSession && (s !== undefined || n !== undefined || p !== undefined)) {
    throw malformed('kind has no session');
  }
  if (!hasEndpoint) return {};
  if (!isIdText(e)) throw malformed('bad endpoint id');
  if (!inSession) return { e };
  if (!isIdText(s)) throw malformed('bad session id');
  if (!isCount(n)) throw malformed('bad position in session');
  if (n === 0) {
    if (p !== undefined) throw malformed('first entry of a session has no previous one');
    return { e, s, n };
  }
  if (!isHashText(p)) throw malformed('bad hash of the previous entry');
  return { e, s, n, p };
}

function checkRefs(kind: Kind, ref: unknown): { ref?: Refs } {
  const { required, optional } = shapeOf(kind).refs;
  if (ref === undefined) {
    if (required.length > 0) throw malformed('references are missing');
    return {};
  }
  if (typeof ref !== 'object' || ref === null || Object.keys(ref).length === 0) {
    throw malformed('bad references');
  }
  const refs: Partial<Record<RefName, string>> = {};
  for (const [name, hash] of Object.entries(ref)) {
    const known = [...required, ...optional].find((candidate) => candidate === name);
    if (known === undefined) throw malformed('unknown reference');
    if (!isHashText(hash)) throw malformed('reference is not a leaf hash');
    refs[known] = hash;
  }
  if (required.some((name) => refs[name] === undefined)) throw malformed('references are missing');
  return { ref: refs };
}

function checkDigests(kind: Kind, sd: unknown): readonly string[] {
  if (!Array.isArray(sd) || sd.length !== fieldNamesOf(kind).length) {
    throw malformed('wrong number of digests');
  }
  const digests: string[] = [];
  for (const digest of sd as readonly unknown[]) {
    if (!isHashText(digest)) throw malformed('bad digest');
    const last = digests.at(-1);
    if (last !== undefined && last >= digest) throw malformed('digests are not sorted and unique');
    digests.push(digest);
  }
  return digests;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isHashText(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 43) return false;
  try {
    return parseBase64url(value).length === HASH_BYTES;
  } catch {
    return false;
  }
}

function isIdText(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 22) return false;
  try {
    parseId(value);
    return true;
  } catch {
    return false;
  }
}

function malformed(state: string): FormatError {
  return new FormatError('leaf', `Cannot parse leaf: ${state}`);
}
