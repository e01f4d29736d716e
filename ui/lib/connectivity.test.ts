import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { tellOffline, tellOnline } from '#scripts/testing/told-entry.ts';
import { connectivityRows } from './connectivity.ts';

const rows = suite('connectivityRows()');

rows('says of each entry for how long it was so, and of the newest that it is so still', () => {
  const entries = [tellOnline(90), tellOffline(60), tellOnline(0)].map(checkShownEntry);
  assert.equal(
    connectivityRows(entries).map(({ state, lastedMs, card }) => [
      ...[state.tone, state.text, lastedMs, card.index],
    ]),
    [
      ['good', 'Connected', null, 90],
      ['idle', 'Lost', 30_000, 60],
      ['idle', 'Was connected', 60_000, 0],
    ],
  );
});

rows('says of a machine that is away now that it is lost', () => {
  const entries = [tellOffline(60), tellOnline(0)].map(checkShownEntry);
  assert.equal(
    connectivityRows(entries).map(({ state }) => state),
    [
      { tone: 'bad', text: 'Lost' },
      { tone: 'idle', text: 'Was connected' },
    ],
  );
});

rows('owns that it does not know the end of what began anew', () => {
  const entries = [tellOnline(90), tellOnline(30), tellOffline(0)].map(checkShownEntry);
  assert.equal(
    connectivityRows(entries).map(({ isAtMost }) => isAtMost),
    [false, true, false],
  );
});

rows('says why it was lost, and what came with it', () => {
  const entries = [tellOffline(1), tellOnline(0)].map(checkShownEntry);
  assert.equal(
    connectivityRows(entries).map(({ card }) => card.details),
    [['Its agent hung up'], ['1.0, node 24, linux']],
  );
});

rows('still shows that there was something when its content was erased', () => {
  const [row] = connectivityRows([checkShownEntry({ ...tellOffline(1), disclosures: null })]);
  assert.is(row?.state.tone, 'bad');
  assert.match(row?.card.details[0] ?? '', 'erased');
});

rows.run();
