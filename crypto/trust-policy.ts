// Trust policies (C2SP tlog-policy): which logs a verifier knows, which witnesses, and how many of those must
// have cosigned. One item a line; spaces and tabs between words; lines that begin with "#" are comments.
//
//   log <vkey> [<url>]
//   witness <name> <vkey> [<url>]
//   group <name> all|any|<k> <member>...
//   quorum <name>|none
//
// A policy comes from the verifier's own hands, never with what it is to verify.

import { encodeUtf8, equalBytes } from './bytes.ts';
import { type VerifiedCheckpoint, verifyCheckpointByAny } from './checkpoint.ts';
import { verifyCosignature } from './cosignature.ts';
import { FormatError, VerifyError } from './error.ts';
import { formatVerifierKey, type KeyType, parseVerifierKey, type VerifierKey } from './key.ts';
import { findSignature, parseNote } from './note.ts';

export const MAX_POLICY_BYTES = 262_144;

/** At most so many logs, witnesses and groups each; the specification asks for 32. */
export const MAX_POLICY_ITEMS = 256;

/** A log: its key's name is its origin. */
export interface PolicyLog {
  readonly key: VerifierKey;
  readonly url?: string;
}

/** A witness: `name` is for this policy alone, the key has a name of its own. */
export interface PolicyWitness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly url?: string;
}

/** A group has witnessed when `threshold` of its members, witnesses or earlier groups, have. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

/** What a verifier trusts. A name is a member of one group at most, so that nobody counts twice. */
export interface TrustPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** The witness or group that must have witnessed; null when the log's word is enough. */
  readonly quorum: string | null;
}

/** A witness that cosigned, by its name in the policy, and when, in POSIX seconds. */
export interface Witnessing {
  readonly name: string;
  readonly timestampS: number;
}

/** A checkpoint that a policy accepts, with the witnesses of the policy that cosigned it. */
export type WitnessedCheckpoint = VerifiedCheckpoint & {
  readonly witnesses: readonly Witnessing[];
};

/**
 * Parses a policy. A last line without newline is refused, for the file may be cut off in a name.
 * @throws {FormatError} code `policy` on any other form, or a name or key that is defined twice
 */
export function parseTrustPolicy(text: string): TrustPolicy {
  if (text.length > MAX_POLICY_BYTES) throw malformed('too long');
  if (!text.isWellFormed() || CONTROL.test(text)) throw malformed('control character');
  if (encodeUtf8(text).length > MAX_POLICY_BYTES) throw malformed('too long');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw malformed('no newline at the end');
  const draft: Draft = { logs: [], witnesses: [], groups: [], members: new Set() };
  lines.forEach((line, i) => {
    const [verb, ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
    if (verb === undefined || verb.startsWith('#')) return;
    const fault = addLine(draft, verb, words) ?? excessOf(draft);
    if (fault !== undefined) throw malformed(`${fault} in line ${i + 1}`);
  });
  const { logs, witnesses, groups, quorum } = draft;
  if (quorum === undefined) throw malformed('no quorum line');
  return { logs, witnesses, groups, quorum };
}

/** Formats a policy, without comments. @throws {FormatError} code `policy` when it is none */
export function formatTrustPolicy(policy: TrustPolicy): string {
  const lines = [
    ...policy.logs.map(({ key, url }) => ['log', formatVerifierKey(key), url ?? []].flat()),
    ...policy.witnesses.map(({ name, key, url }) =>
      ['witness', name, formatVerifierKey(key), url ?? []].flat(),
    ),
    ...policy.groups.map(({ name, threshold, members }) => {
      const all = threshold === members.length;
      return ['group', name, all ? 'all' : threshold === 1 ? 'any' : String(threshold), ...members];
    }),
    ['quorum', policy.quorum ?? NO_QUORUM],
  ];
  if (policy.quorum === NO_QUORUM) throw malformed(`a quorum named "${NO_QUORUM}"`);
  if (lines.flat().some((word) => !/^[^ \t\n]+$/.test(word))) throw malformed('a word with spaces');
  const text = lines.map((words) => `${words.join(' ')}\n`).join('');
  parseTrustPolicy(text);
  return text;
}

/** Whether the named witnesses are enough. Names that are no witness of the policy count for nothing. */
export function isQuorum(policy: TrustPolicy, cosignedBy: Iterable<string>): boolean {
  if (policy.quorum === null) return true;
  const known = new Set(policy.witnesses.map(({ name }) => name));
  const witnessed = new Set([...cosignedBy].filter((name) => known.has(name)));
  // In order of definition, so the members of a group are decided before the group.
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name);
  }
  return witnessed.has(policy.quorum);
}

/**
 * Verifies that a note is a checkpoint of a log of the policy, cosigned by a quorum. A line that claims to be
 * by a log or witness of the policy and does not hold refuses the note, whatever the others are.
 * @throws {FormatError} code `note`, `checkpoint` or `cosignature`
 * @throws {VerifyError} code `wrong-log`, `unknown-key`, `signature`, or `quorum`
 */
export async function verifyWithPolicy(
  note: string,
  policy: TrustPolicy,
): Promise<WitnessedCheckpoint> {
  const checkpoint = await verifyCheckpointByAny(
    note,
    policy.logs.map(({ key }) => key),
  );
  const parsed = parseNote(note);
  const witnesses: Witnessing[] = [];
  for (const { name, key } of policy.witnesses) {
    if (findSignature(parsed, key) === undefined) continue;
    witnesses.push({ name, ...(await verifyCosignature(note, key)) });
  }
  const names = witnesses.map(({ name }) => name);
  if (!isQuorum(policy, names)) {
    const state = `cosigned by ${names.length} of ${policy.witnesses.length} witnesses, no quorum`;
    throw new VerifyError('quorum', `Cannot verify checkpoint: ${state}`);
  }
  return { ...checkpoint, witnesses };
}

const NO_QUORUM = 'none';

// Tab and newline are the only controls that a policy may hold.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

interface Draft {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  readonly groups: PolicyGroup[];
  /** Names that are already a member of a group. */
  readonly members: Set<string>;
  quorum?: string | null;
}

/** Adds one line to a draft; answers what is wrong with it, if anything. */
function addLine(draft: Draft, verb: string, words: readonly string[]): string | undefined {
  switch (verb) {
    case 'log':
      return addLog(draft, words);
    case 'witness':
      return addWitness(draft, words);
    case 'group':
      return addGroup(draft, words);
    case 'quorum':
      return addQuorum(draft, words);
    default:
      return `unknown word "${verb}"`;
  }
}

function addLog(draft: Draft, words: readonly string[]): string | undefined {
  const [vkey, url] = words;
  if (vkey === undefined || words.length > 2) return 'expected log <vkey> [<url>]';
  const key = parsePolicyKey(vkey, 0x01);
  if (key === undefined) return 'bad key';
  if (draft.logs.some((log) => isDuplicate(log.key, key))) return 'duplicate log';
  draft.logs.push(url === undefined ? { key } : { key, url });
  return undefined;
}

function addWitness(draft: Draft, words: readonly string[]): string | undefined {
  const [name, vkey, url] = words;
  if (name === undefined || vkey === undefined || words.length > 3) {
    return 'expected witness <name> <vkey> [<url>]';
  }
  if (isDefined(draft, name)) return `name "${name}" is taken`;
  const key = parsePolicyKey(vkey, 0x04);
  if (key === undefined) return 'bad key';
  if (draft.witnesses.some((witness) => isDuplicate(witness.key, key))) return 'duplicate witness';
  draft.witnesses.push(url === undefined ? { name, key } : { name, key, url });
  return undefined;
}

function addGroup(draft: Draft, words: readonly string[]): string | undefined {
  const [name, rule, ...members] = words;
  if (name === undefined || rule === undefined || members.length === 0) {
    return 'expected group <name> all|any|<k> <member>...';
  }
  if (isDefined(draft, name)) return `name "${name}" is taken`;
  const threshold = parseThreshold(rule, members.length);
  if (threshold === undefined) return `bad threshold "${rule}"`;
  for (const member of members) {
    if (member === NO_QUORUM || !isDefined(draft, member)) return `unknown member "${member}"`;
    if (draft.members.has(member)) return `"${member}" is a member twice`;
    draft.members.add(member);
  }
  draft.groups.push({ name, threshold, members });
  return undefined;
}

function addQuorum(draft: Draft, words: readonly string[]): string | undefined {
  const [name] = words;
  if (name === undefined || words.length > 1) return 'expected quorum <name>|none';
  if (draft.quorum !== undefined) return 'a second quorum';
  if (!isDefined(draft, name)) return `unknown name "${name}"`;
  draft.quorum = name === NO_QUORUM ? null : name;
  return undefined;
}

function excessOf({ logs, witnesses, groups }: Draft): string | undefined {
  const most = Math.max(logs.length, witnesses.length, groups.length);
  return most > MAX_POLICY_ITEMS ? 'too many items' : undefined;
}

function isDefined({ witnesses, groups }: Draft, name: string): boolean {
  return name === NO_QUORUM || [...witnesses, ...groups].some((item) => item.name === name);
}

/** One public key under two names would count twice; two keys that claim one line cannot be told apart. */
function isDuplicate(a: VerifierKey, b: VerifierKey): boolean {
  return equalBytes(a.publicKey, b.publicKey) || (a.name === b.name && equalBytes(a.id, b.id));
}

function parseThreshold(rule: string, members: number): number | undefined {
  if (rule === 'all') return members;
  if (rule === 'any') return 1;
  const k = /^[1-9]\d{0,5}$/.test(rule) ? Number(rule) : Infinity;
  return k <= members ? k : undefined;
}

function parsePolicyKey(vkey: string, type: KeyType): VerifierKey | undefined {
  try {
    const key = parseVerifierKey(vkey);
    return key.type === type ? key : undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return undefined;
    throw error;
  }
}

function malformed(state: string): FormatError {
  return new FormatError('policy', `Cannot parse policy: ${state}`);
}
