import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { encodeUtf8 } from './bytes.ts';
import { createDisclosure, type Disclosure, parseDisclosure } from './disclosure.ts';
import {
  type EntryFields,
  isOpenedAs,
  openEntry,
  openWhole,
  sealEntry,
  type SealedEntry,
} from './entry.ts';
import { FormatError, VerifyError } from './error.ts';
import type { Json } from './json.ts';
import { COMMAND_FIELDS, fieldNamesOf, type Kind } from './kind.ts';
import { encodeLeaf, type Leaf, parseLeaf } from './leaf.ts';
import { checkSegments, cutSegments, LINE_CUT_BYTES, segmentSalt } from './segment.ts';

const command = {
  command: 'systemctl restart spooler',
  shell: 'bash',
  cwd: null,
  env: { LANG: 'C' },
  timeout_ms: 60_000,
  output_limit: 1 << 20,
} as const;

const decision = { effect: 'ask', access: 'changing', rule: null, why: 'default' } as const;
const statement = { statement: 'e30', signature: { alg: 'ed25519', signature: 'AA' } } as const;
const started = { ...command, purpose: 'work', decision, statement } as const;
const said = {
  from: 'technician',
  name: 'Kim',
  text: { bytes: encodeUtf8('hello\nthere\n') },
} as const;
const raised = { code: 'fork', severity: 'critical', subject: null, detail: 'two roots' } as const;

const seal = suite('sealEntry()');

seal('sealEntry() makes one disclosure for each field of the kind, absent ones as null', () => {
  const sealed = sealEntry('alert.raised', raised);
  const parsed = sealed.disclosures.map(parseDisclosure);
  assert.equal(
    parsed.map(({ name }) => name),
    fieldNamesOf('alert.raised'),
  );
  assert.is(parsed.find(({ name }) => name === 'subject')?.value, null);
  assert.equal(sealed.texts, []);
});

seal(
  'sealEntry() gives the digests of its disclosures, sorted, so that their order tells nothing',
  () => {
    for (let i = 0; i < 20; i++) {
      const { digests, disclosures } = sealEntry('command.started', started);
      assert.equal(digests, digests.toSorted());
      const own = disclosures.map((text) => parseDisclosure(text).digest);
      assert.equal(own.toSorted(), digests);
    }
  },
);

seal('sealEntry() makes leaves that parseLeaf() takes', () => {
  for (const leaf of [leafOf(sealEntry('alert.raised', raised)), leafOf(sealSaid())]) {
    assert.equal(parseLeaf(encodeLeaf(leaf)), leaf);
  }
});

seal('sealEntry() hides equal fields: no digest, key or salt comes twice', () => {
  const sealed = Array.from({ length: 50 }, () => sealSaid());
  assert.is(new Set(sealed.flatMap(({ digests }) => digests)).size, 150);
  const keys = sealed.flatMap(({ texts }) => texts.map(({ key }) => encodeBase64url(key)));
  assert.is(new Set(keys).size, 50);
});

seal('sealEntry() cuts a text and refers to it so that its segments check', () => {
  const sealed = sealSaid();
  const [text] = sealed.texts;
  if (text === undefined) throw new Error('unreachable: chat has one text');
  assert.is(text.field, 'text');
  assert.equal(text.segments, [encodeUtf8('hello\n'), encodeUtf8('there\n')]);
  const { disclosures } = sealed;
  const reference = openWhole('chat.said', { leaf: leafOf(sealed), disclosures }).text;
  checkSegments(
    reference,
    text.segments.map((bytes, i) => ({ kind: 'shown', salt: segmentSalt(text.key, i), bytes })),
  );
});

seal('sealEntry() cuts a text by where it begins in the whole output', () => {
  const bytes = encodeUtf8('a\nb\n');
  for (const offset of [0, LINE_CUT_BYTES]) {
    const sealed = sealEntry('command.output', {
      stream: 'stdout',
      offset,
      text: { bytes, offset },
    });
    assert.equal(sealed.texts[0]?.segments, cutSegments(bytes, { offset }));
  }
});

seal('sealEntry() takes disclosures that were signed before, as they are', () => {
  const disclosed = commandDisclosures();
  const { purpose, decision, statement } = started;
  const sealed = sealEntry('command.started', { purpose, decision, statement }, { disclosed });
  for (const field of COMMAND_FIELDS) assert.ok(sealed.disclosures.includes(disclosed[field].text));
  const opened = openWhole('command.started', {
    leaf: leafOf(sealed),
    disclosures: sealed.disclosures,
  });
  assert.equal(opened, started);
});

seal('sealEntry() refuses a disclosure under another name, or of a bad value', () => {
  const disclosed = commandDisclosures();
  const { purpose, decision, statement } = started;
  const fields = { purpose, decision, statement };
  const wrong: readonly (typeof disclosed)[] = [
    { ...disclosed, command: disclosed.cwd },
    { ...disclosed, command: createDisclosure('cwd', '/tmp') }, // of the right type
    { ...disclosed, command: createDisclosure('command', 7) },
    { ...disclosed, timeout_ms: createDisclosure('timeout_ms', 0) },
    Object.assign(commandDisclosures(), { more: createDisclosure('more', 1) }),
    Object.fromEntries(Object.entries(disclosed).slice(1)) as typeof disclosed, // one is missing
  ];
  for (const bad of wrong) {
    refusesToSeal(() => sealEntry('command.started', fields, { disclosed: bad }));
  }
});

seal('sealEntry() refuses fields missing, unknown or of another type', () => {
  for (const name of Object.keys(raised)) {
    const { [name as keyof typeof raised]: _, ...others } = raised;
    refusesToSeal(() => sealEntry('alert.raised', others as typeof raised));
  }
  for (const wrong of [
    { ...raised, more: 1 },
    { ...raised, severity: 'fatal' },
    { ...raised, detail: null },
    { ...raised, subject: undefined },
    { ...raised, detail: 'x'.repeat(4097) },
  ]) {
    refusesToSeal(() => sealEntry('alert.raised', wrong as unknown as typeof raised));
  }
});

seal('sealEntry() refuses a text that is no bytes, or a reference made elsewhere', () => {
  const reference = { bytes: 0, segments: 0, root: 'A'.repeat(43) };
  for (const text of [undefined, null, 'hello', { bytes: 'hello' }, {}, reference]) {
    const fields = { ...said, text } as unknown as EntryFields<'chat.said'>;
    refusesToSeal(() => sealEntry('chat.said', fields));
  }
});

seal('sealEntry() refuses text that has no UTF-8', () => {
  assert.throws(
    () => sealEntry('alert.raised', { ...raised, detail: '\ud800' }),
    (error: unknown) => error instanceof FormatError && error.code === 'json',
  );
});

seal.run();

const open = suite('openEntry()');

open('openEntry() shows any choice of fields, and names those withheld', () => {
  const sealed = sealEntry('alert.raised', raised);
  const leaf = leafOf(sealed);
  const names = fieldNamesOf('alert.raised');
  for (let choice = 0; choice < 16; choice++) {
    const isShown = (_: unknown, i: number) => (choice & (1 << i)) !== 0;
    const opened = openEntry(leaf, sealed.disclosures.filter(isShown).toReversed());
    assert.is(opened.kind, 'alert.raised');
    const shown = names.filter(isShown);
    assert.equal(
      opened.fields,
      Object.fromEntries(Object.entries(raised).filter(([name]) => shown.includes(name))),
    );
    assert.equal(
      opened.withheld,
      names.filter((name) => !shown.includes(name)),
    );
  }
});

open('openEntry() refuses a value of another entry, even an equal one', () => {
  const leaf = leafOf(sealEntry('alert.raised', raised));
  for (const foreign of sealEntry('alert.raised', raised).disclosures) {
    refusesToOpen(leaf, [foreign], 'a value is not in its leaf');
  }
});

open('openEntry() refuses a value given twice', () => {
  const { disclosures, ...sealed } = sealEntry('alert.raised', raised);
  const leaf = leafOf({ ...sealed, disclosures });
  for (const text of disclosures) refusesToOpen(leaf, [text, text], 'a value is not in its leaf');
});

open('openEntry() refuses any character changed', () => {
  const sealed = sealEntry('alert.raised', raised);
  const leaf = leafOf(sealed);
  for (const text of sealed.disclosures) {
    for (let i = 0; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
      assert.throws(
        () => openEntry(leaf, [changed]),
        (error: unknown) =>
          (error instanceof VerifyError && error.code === 'binding') ||
          (error instanceof FormatError && error.code === 'disclosure'),
      );
    }
  }
});

open('openEntry() refuses what a dishonest log hid behind its digests', () => {
  const hidden: readonly [string, Json][] = [
    ['more', 1], // no field of the kind
    ['toString', 'x'],
    ['constructor', null],
    ['severity', 'fatal'], // not of the field's type
    ['detail', null],
    ['detail', { a: 1 }],
    ['code', 'x'.repeat(257)],
  ];
  for (const [name, value] of hidden) {
    const bad = createDisclosure(name, value);
    const sealed = sealEntry('alert.raised', raised);
    const leaf = leafOf({ ...sealed, digests: [bad.digest, ...sealed.digests.slice(1)].sort() });
    refusesToOpen(leaf, [bad.text]);
  }
});

open('openEntry() refuses one field twice, with two values', () => {
  const two = [createDisclosure('code', 'fork'), createDisclosure('code', 'none')];
  const sealed = sealEntry('alert.raised', raised);
  const digests = [...two.map(({ digest }) => digest), ...sealed.digests.slice(2)].sort();
  const texts = two.map(({ text }) => text);
  refusesToOpen(leafOf({ ...sealed, digests }), texts, 'field not of its kind');
});

open('openEntry() refuses text that is no disclosure', () => {
  const leaf = leafOf(sealEntry('alert.raised', raised));
  for (const bad of ['', 'AAAA', '!']) {
    assert.throws(
      () => openEntry(leaf, [bad]),
      (error: unknown) => error instanceof FormatError && error.code === 'disclosure',
    );
  }
});

open.run();

const openedAs = suite('isOpenedAs()');

openedAs('isOpenedAs() tells the kind', () => {
  const opened = openEntry(leafOf(sealEntry('alert.raised', raised)), []);
  assert.is(isOpenedAs(opened, 'alert.raised'), true);
  assert.is(isOpenedAs(opened, 'alert.cleared'), false);
});

openedAs.run();

const whole = suite('openWhole()');

whole('openWhole() gives back what was sealed', () => {
  const sealed = sealEntry('command.started', started);
  const { disclosures } = sealed;
  assert.equal(openWhole('command.started', { leaf: leafOf(sealed), disclosures }), started);
});

whole('openWhole() refuses when any field is withheld', () => {
  const sealed = sealEntry('command.started', started);
  for (const [i, name] of fieldNamesOf('command.started').entries()) {
    const disclosures = sealed.disclosures.toSpliced(i, 1);
    refusesWhole('binding', `"${name}" is withheld`, () =>
      openWhole('command.started', { leaf: leafOf(sealed), disclosures }),
    );
  }
});

whole('openWhole() refuses another kind, though it has the same fields', () => {
  const sealed = sealEntry('approval.granted', approvalFields());
  const { disclosures } = sealed;
  refusesWhole('wrong-kind', 'expected approval.denied, is approval.granted', () =>
    openWhole('approval.denied', { leaf: leafOf(sealed), disclosures }),
  );
});

whole.run();

function sealSaid(): SealedEntry {
  return sealEntry('chat.said', said);
}

function approvalFields(): EntryFields<'approval.granted'> {
  return { approver: 'Lee', approver_id: 'lee', method: 'pin', comment: null, statement };
}

function commandDisclosures(): Record<(typeof COMMAND_FIELDS)[number], Disclosure> {
  return {
    command: createDisclosure('command', command.command),
    shell: createDisclosure('shell', command.shell),
    cwd: createDisclosure('cwd', command.cwd),
    env: createDisclosure('env', command.env),
    timeout_ms: createDisclosure('timeout_ms', command.timeout_ms),
    output_limit: createDisclosure('output_limit', command.output_limit),
  };
}

/** The leaf that a ledger would make of a sealed entry. */
function leafOf({ kind, digests }: SealedEntry): Leaf {
  const hash = 'A'.repeat(43);
  const id = encodeBase64url(new Uint8Array(16));
  const refs: Readonly<Partial<Record<Kind, Leaf['ref']>>> = {
    'approval.granted': { request: hash },
    'command.started': { policy: hash, roster: hash, authority: hash },
  };
  const ref = refs[kind];
  const place = kind === 'alert.raised' ? {} : { e: id, s: id, n: 1, p: hash };
  return {
    v: 1,
    log: 'console.example/site/8e1kQv/1',
    i: 7,
    t: '2026-11-21T02:09:14.123Z',
    k: kind,
    ...place,
    ...(ref === undefined ? {} : { ref }),
    _sd: digests,
    _sd_alg: 'sha-256',
  };
}

function refusesToSeal(sealing: () => unknown): void {
  assert.throws(
    sealing,
    (error: unknown) => error instanceof FormatError && error.code === 'entry',
  );
}

function refusesToOpen(leaf: Leaf, disclosures: readonly string[], state = ''): void {
  refusesWhole('binding', state, () => openEntry(parseLeaf(encodeLeaf(leaf)), disclosures));
}

function refusesWhole(code: string, state: string, opening: () => unknown): void {
  assert.throws(
    opening,
    (error: unknown) =>
      error instanceof VerifyError &&
      error.code === code &&
      error.message.startsWith('Cannot open entry 7: ') &&
      error.message.includes(state),
  );
}
