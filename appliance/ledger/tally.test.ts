// Tallies of sessions are those that reading all of their entries gives, however the sessions interleave.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  chat,
  closing,
  collect,
  createLedgerPlace,
  opening,
  rejection,
} from '#scripts/testing/ledger-place.ts';
import type { Ledger } from './ledger.ts';

const SESSIONS = ['CAAAAAAAAAAAAAAAAAAAAA', 'DAAAAAAAAAAAAAAAAAAAAA', 'EAAAAAAAAAAAAAAAAAAAAA'];
const KINDS = ['session.opened', 'session.closed', 'chat.said', 'state.captured'] as const;

const tally = suite('tallySession()');

tally(
  'counts what reading counts, of every session and kind, and after opening again',
  async () => {
    await using place = await createLedgerPlace();
    {
      await using ledger = await place.open();
      for (const session of SESSIONS) await ledger.append(opening(session));
      for (let round = 0; round < 7; round++) {
        // those of one turn go down in one batch
        const turn = SESSIONS.flatMap((session, i) =>
          round % (i + 1) === 0 ? [chat('a', session), chat('b', session)] : [],
        );
        await Promise.all(turn.map((draft) => ledger.append(draft)));
      }
      await ledger.append(closing(SESSIONS[0]));
      await compare(ledger);
    }
    await using again = await place.open();
    await compare(again);
  },
);

tally('knows no session that was never opened, and no kind without an index', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  assert.is(await ledger.tallySession('FAAAAAAAAAAAAAAAAAAAAA', 'chat.said'), null);
  const { code } = await rejection(ledger.tallySession('FAAAAAAAAAAAAAAAAAAAAA', 'command.output'));
  assert.is(code, 'RangeError');
});

tally.run();

async function compare(ledger: Ledger): Promise<void> {
  for (const session of SESSIONS) {
    const entries = await collect(ledger.sessionEntries(session));
    for (const kind of KINDS) {
      const ofKind = entries.filter(({ leaf }) => leaf.k === kind).length;
      const last = entries.at(-1)?.leaf;
      assert.equal(
        await ledger.tallySession(session, kind),
        { entries: entries.length, ofKind, last },
        `${session} ${kind}`,
      );
    }
  }
}
