import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isWithholdable } from './evidence-file.ts';
import { fieldNamesOf, isKind, KIND_SHAPES, KINDS, REF_NAMES, shapeOf } from './kind.ts';

const kinds = suite('KIND_SHAPES');

kinds('KIND_SHAPES names fields in an order that does not depend on their values', () => {
  for (const kind of KINDS) {
    assert.equal(fieldNamesOf(kind), Object.keys(KIND_SHAPES[kind].fields.shape), kind);
    assert.ok(fieldNamesOf(kind).length > 0, kind);
  }
});

kinds('KIND_SHAPES has as many fields of each kind as leaves of version 1 hold digests', () => {
  // A change of these numbers makes old leaves unreadable: a new field is a new kind or a new leaf version.
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, fieldNamesOf(kind).length]));
  assert.equal(counts, {
    'log.opened': 3,
    'site.claimed': 5,
    'roster.changed': 1,
    'authority.changed': 1,
    'policy.changed': 1,
    'digest.changed': 5,
    'token.created': 5,
    'token.revoked': 3,
    'endpoint.enrolled': 7,
    'endpoint.verified': 2,
    'endpoint.removed': 3,
    'endpoint.online': 5,
    'endpoint.offline': 2,
    'session.opened': 8,
    'session.closed': 4,
    'session.abandoned': 1,
    'approval.requested': 12,
    'approval.notified': 3,
    'approval.viewed': 2,
    'approval.granted': 5,
    'approval.denied': 5,
    'approval.expired': 1,
    'approval.withdrawn': 2,
    'command.started': 9,
    'command.output': 3,
    'command.exited': 8,
    'command.refused': 10,
    'state.captured': 4,
    'chat.said': 3,
    'alert.raised': 4,
    'alert.cleared': 2,
    'snapshot.attested': 2,
    'share.created': 4,
    'share.viewed': 2,
    'share.revoked': 3,
    'content.erased': 4,
    'audit.failed': 2,
    'audit.resumed': 3,
    'clock.checked': 3,
  });
});

kinds('KIND_SHAPES cites by known names, sorted as leaves write them', () => {
  assert.equal([...REF_NAMES], [...REF_NAMES].sort());
  for (const kind of KINDS) {
    const { required, optional } = shapeOf(kind).refs;
    const names = [...required, ...optional];
    assert.is(new Set(names).size, names.length, kind);
    for (const name of names) assert.ok(REF_NAMES.includes(name), `${kind} ${name}`);
  }
});

kinds('KIND_SHAPES refuses a field too many, a field too few, and what is too long', () => {
  const { fields } = KIND_SHAPES['approval.viewed'];
  assert.ok(fields.safeParse({ channel: 'phone', by: null }).success);
  for (const bad of [
    { channel: 'phone' },
    { channel: 'phone', by: null, more: 1 },
    { channel: 'p'.repeat(257), by: null },
    { channel: 1, by: null },
    { channel: 'phone', by: undefined },
  ]) {
    assert.not(fields.safeParse(bad).success, JSON.stringify(bad));
  }
});

kinds(
  'KIND_SHAPES keeps the references of long texts, and every statement, from being withheld',
  () => {
    for (const kind of KINDS) {
      for (const text of shapeOf(kind).texts) {
        assert.ok(fieldNamesOf(kind).includes(text), kind);
        assert.not(isWithholdable(kind, text), kind);
      }
      // A refusal's statement may be withheld: nothing was done by it.
      if (fieldNamesOf(kind).includes('statement') && kind !== 'command.refused') {
        assert.not(isWithholdable(kind, 'statement'), kind);
      }
    }
  },
);

kinds.run();

const known = suite('isKind()');

known('isKind() knows every kind, and no name that all objects have', () => {
  for (const kind of KINDS) assert.ok(isKind(kind), kind);
  for (const other of ['', 'command', 'constructor', '__proto__', 'toString', 'Command.Started']) {
    assert.not(isKind(other), other);
  }
});

known.run();
