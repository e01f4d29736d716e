// What the console may know, as a person may rely on it. It counts on when the approver who said it is struck off
// later, so it is judged by its place in the log:
//
//   choice   signed by an approver of the list that it cites
//   list     signed by the client's key that this home pins; the last one before the choice
//   both     in the log that this home pins
//
// That the log holds no newer choice, and no list between the two, is the appliance's word.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { parseTime } from '#crypto/leaf.ts';
import { approverByKey, verifyAuthority } from '#crypto/roster.ts';
import { type Envelope, type StatementOf, verifyStatement } from '#crypto/statement.ts';
import { checkListed } from '#ui/lib/listed-entries.ts';
import { LogView } from '#ui/lib/log-view.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';

type Kind = 'digest.changed' | 'authority.changed';
type Site = Pick<Connection, 'client' | 'origin'> & {
  readonly site: Pick<Connection['site'], 'authority' | 'log'>;
};

/**
 * The choice in force; null: no approver has said.
 * @throws {CliError} code `not-verified` when it is not by an approver of then, or not in the log
 */
export async function levelInForce(site: Site): Promise<StatementOf<'digest'> | null> {
  const choice = await newest(site, { kind: 'digest.changed' });
  if (choice === null) return null;
  try {
    return await check(site, choice);
  } catch (cause) {
    if (!(cause instanceof VerifyError || cause instanceof FormatError)) throw cause;
    const why = cause.message.replace(/^Cannot /, 'cannot ');
    throw new CliError('not-verified', `Cannot trust the level that the site shows: ${why}`, {
      cause,
      hint: 'Ask whoever looks after the appliance how that came about. An approver can say it anew: "caisey site level set LEVEL --key FILE".',
    });
  }
}

async function check(site: Site, choice: CheckedEntry): Promise<StatementOf<'digest'>> {
  const { origin: log } = site;
  const { i: before, ref } = choice.leaf;
  const list = await newest(site, { kind: 'authority.changed', before });
  if (list === null || list.name !== ref?.authority) {
    throw new VerifyError(
      'binding',
      'Cannot take level: the list of approvers that it cites was not in force',
    );
  }
  const { statement: authority } = await verifyAuthority(statementIn(list), {
    ...{ log, root: site.site.authority, seen: null, atMs: parseTime(list.leaf.t) },
  });
  const { statement } = await verifyStatement(statementIn(choice), { type: 'digest', log });
  approverByKey(authority, statement.by);
  await prove(site, [choice, list]);
  return statement;
}

/** The newest entry of a kind, or the newest before a place in the log; null: the log has none. */
async function newest(
  { client, origin }: Site,
  { kind, before }: { kind: Kind; before?: number },
): Promise<CheckedEntry | null> {
  const kinds = [kind];
  const range = before === undefined ? {} : { before };
  const answer = await client.call('log.entries', { kinds, limit: 1, ...range });
  const question = { origin, kinds, endpoint: null, before: before ?? null };
  return checkListed(answer, question)[0] ?? null;
}

function statementIn({ leaf, opened }: CheckedEntry): Envelope {
  const isRuling = isOpenedAs(opened, 'digest.changed') || isOpenedAs(opened, 'authority.changed');
  const statement = isRuling ? opened.fields.statement : undefined;
  if (statement !== undefined) return statement;
  throw new VerifyError('binding', `Cannot take level: entry ${leaf.i} withholds its statement`);
}

async function prove({ client, site }: Site, entries: readonly CheckedEntry[]): Promise<void> {
  const view = new LogView(parseVerifierKey(site.log));
  const claims = entries.map(({ leaf, name }) => ({
    ...{ index: leaf.i, leafHash: parseBase64url(name) },
  }));
  const indices = claims.map(({ index }) => index);
  await view.accept(await client.call('log.prove', { indices, seen: null }), claims);
}
