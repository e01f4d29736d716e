// Changing what is in force at a site: the roster by the MSP's root, approvers and policy by the client's
// authority. Each change is the next version of its statement, signed here, and takes effect when it is on record.

import { readFile } from 'node:fs/promises';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { describeIssue } from '#crypto/issue.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import { isPersonKey } from '#crypto/person-key.ts';
import {
  policySchema,
  type PolicyRules,
  presetPolicy,
  PRESETS,
  type Role,
} from '#crypto/policy.ts';
import { checkRootSigner, trustedRoots } from '#crypto/root-certificate.ts';
import {
  type Envelope,
  signStatement,
  type Statement,
  type StatementOf,
  verifyStatement,
  statementSigner,
} from '#crypto/statement.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { isSystem, loadKey, parseJson } from './home.ts';
import { connected, type Invocation } from './invocation.ts';
import { checkName, slugOf } from './name.ts';
import { formatMoment } from './quantity.ts';

const YEAR_MS = 365 * 86_400_000;

type Type = 'roster' | 'authority' | 'policy';

/** What the statement of a type in force says. @throws {CliError} code `not-verified` when it is by another key */
export async function statementInForce<T extends Type>(
  connection: Connection,
  type: T,
): Promise<StatementOf<T>> {
  return (await envelopeInForce(connection, type)).statement;
}

/** The statement in force; its signature holds, and is by a key that this home pins, or by a root that one certified. */
async function envelopeInForce<T extends Type>(
  { client, origin, site }: Connection,
  type: T,
): Promise<{ envelope: Envelope; statement: StatementOf<T> }> {
  const statements = await client.call('site.statements', {});
  const verified = await verifyStatement(statements[type], { type, log: origin });
  const statement = verified.statement as StatementOf<Type>; // T is one of these
  if (statement.type === 'roster') {
    await checkRootSigner(statement, { root: site.msp_root, atMs: Date.now() });
  } else if (statement.by !== site.authority) {
    throw new CliError(
      'not-verified',
      `Cannot trust the ${type}: it is not by the key of site.json`,
    );
  }
  return { envelope: statements[type], statement: verified.statement };
}

export async function listPeople(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const { envelope, statement } = await envelopeInForce(connection, 'roster');
  const { members, version, expires } = statement;
  await output.result({ version, expires, members, envelope }, () =>
    output.table(
      ['ID', 'NAME', 'ROLE', 'KEY'],
      members.map(({ id, name, role, key }) => [id, name, role, key]),
    ),
  );
  await output.note(`Version ${version}, until ${formatMoment(expires)}`, 'dim');
}

export async function addPerson(
  invocation: Invocation,
  options: {
    name: string;
    publicKey: string;
    role: Role;
    id?: string | undefined;
    rootKey?: string | undefined;
  },
): Promise<void> {
  const { name, role, id = slugOf(name) } = options;
  checkName('name', name);
  const key = parseKey(options.publicKey);
  await using connection = await connected(invocation);
  const roster = await statementInForce(connection, 'roster');
  checkNew(roster.members, { id, key });
  await change(invocation, connection, {
    statement: { ...roster, members: [...roster.members, { id, name, role, key }] },
    keyFile: options.rootKey ?? invocation.home.rootKey,
  });
}

export async function removePerson(
  invocation: Invocation,
  id: string,
  { rootKey }: { rootKey?: string | undefined },
): Promise<void> {
  await using connection = await connected(invocation);
  const roster = await statementInForce(connection, 'roster');
  await change(invocation, connection, {
    statement: { ...roster, members: without(roster.members, id) },
    keyFile: rootKey ?? invocation.home.rootKey,
  });
}

export async function listApprovers(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const { approvers, version, expires } = await statementInForce(connection, 'authority');
  await output.result({ version, expires, approvers }, () =>
    output.table(
      ['ID', 'NAME', 'KEY'],
      approvers.map(({ id, name, key }) => [id, name, key]),
    ),
  );
  await output.note(`Version ${version}, until ${formatMoment(expires)}`, 'dim');
}

export async function addApprover(
  invocation: Invocation,
  options: {
    name: string;
    publicKey: string;
    id?: string | undefined;
    authorityKey?: string | undefined;
  },
): Promise<void> {
  const { name, id = slugOf(name) } = options;
  checkName('name', name);
  const key = parseKey(options.publicKey);
  await using connection = await connected(invocation);
  const authority = await statementInForce(connection, 'authority');
  checkNew(authority.approvers, { id, key });
  await change(invocation, connection, {
    statement: { ...authority, approvers: [...authority.approvers, { id, name, key }] },
    keyFile: options.authorityKey ?? invocation.home.authorityKey,
  });
}

export async function removeApprover(
  invocation: Invocation,
  id: string,
  { authorityKey }: { authorityKey?: string | undefined },
): Promise<void> {
  await using connection = await connected(invocation);
  const authority = await statementInForce(connection, 'authority');
  await change(invocation, connection, {
    statement: { ...authority, approvers: without(authority.approvers, id) },
    keyFile: authorityKey ?? invocation.home.authorityKey,
  });
}

/** The rules are JSON in either format: what is shown can be edited and set. */
export async function showPolicy(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const { rules, version, expires } = await statementInForce(connection, 'policy');
  const { approvers } = await statementInForce(connection, 'authority');
  const { policyLines } = await import('./policy-lines.ts');
  await output.result(rules, () => `${policyLines(rules, approvers).join('\n')}\n`);
  await output.note(`Version ${version}, until ${formatMoment(expires)}`, 'dim');
}

export async function setPolicy(
  invocation: Invocation,
  name: string,
  options: { timeZone?: string | undefined; authorityKey?: string | undefined },
): Promise<void> {
  await using connection = await connected(invocation);
  const policy = await statementInForce(connection, 'policy');
  const rules = await rulesOf(name, options.timeZone ?? policy.rules.time_zone);
  await change(invocation, connection, {
    statement: { ...policy, rules },
    keyFile: options.authorityKey ?? invocation.home.authorityKey,
  });
}

async function rulesOf(name: string, timeZone: string): Promise<PolicyRules> {
  const preset = PRESETS.find((known) => known === name);
  const value =
    preset === undefined ? parseJson(await readRules(name), name) : presetPolicy(preset, timeZone);
  const parsed = policySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CliError('unusable', `Cannot use policy "${name}": ${describeIssue(parsed.error)}`, {
    cause: parsed.error,
    hint: '"caisey site policy show --format json" prints one that can be used.',
  });
}

async function readRules(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (!isSystem(cause, 'ENOENT')) throw cause;
    const presets = PRESETS.join(', ');
    throw new CliError('usage', `Cannot set policy "${path}": no preset and no file of that name`, {
      cause,
      hint: `Presets: ${presets}. "caisey site policy show > policy.json" makes a file to edit.`,
    });
  }
}

/** Signs the next version and has the appliance put it in force. */
async function change(
  { output, terminal }: Invocation,
  { client, site }: Connection,
  { statement, keyFile }: { statement: StatementOf<Type>; keyFile: string },
): Promise<void> {
  const key = await loadKey(keyFile);
  if (!(await signersOf(statement, site)).has(key.key)) {
    throw new CliError('unusable', `Cannot sign ${statement.type}: "${keyFile}" is another key`, {
      hint: 'It must be the key that signed the version in force, or another of the same root.',
    });
  }
  const envelope = await signNext(statement, key, terminal.now());
  const { type, version } = await client.call('site.change', { envelope });
  await output.result({ type, version }, () => `In force: ${type}, version ${version}\n`);
}

/** The keys that may sign the next version. */
async function signersOf(
  statement: StatementOf<Type>,
  { msp_root: root, authority }: Connection['site'],
): Promise<ReadonlySet<string>> {
  if (statement.type !== 'roster') return new Set([authority]);
  return trustedRoots({ root, certificates: statement.roots ?? [], atMs: Date.now() });
}

function signNext(
  statement: StatementOf<Type>,
  { key, signer }: KeyFile,
  nowMs: number,
): Promise<Envelope> {
  const common = commonOf({ key }, { nowMs, lifeMs: YEAR_MS });
  const next: Statement = { ...statement, ...common, version: statement.version + 1 };
  return signStatement(next, statementSigner(signer));
}

function parseKey(text: string): string {
  if (isPersonKey(text)) return text;
  throw new CliError('usage', 'Cannot read the public key: not like "ed25519:…"', {
    hint: '"caisey key show" prints it where the key is.',
  });
}

function checkNew(
  people: readonly { id: string; key: string }[],
  added: { id: string; key: string },
): void {
  const same = people.find(({ id, key }) => id === added.id || key === added.key);
  if (same === undefined) return;
  throw new CliError('exists', `Cannot add "${added.id}": "${same.id}" has the same id or key`, {
    hint: 'Give another id by --id.',
  });
}

function without<T extends { id: string }>(people: readonly T[], id: string): T[] {
  const left = people.filter((person) => person.id !== id);
  if (left.length < people.length) return left;
  throw new CliError('unknown', `Cannot remove "${id}": nobody has this id`);
}
