// A request for approval as the log tells it, entry by entry: asked, told to whom, looked at, decided.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { matchCode } from '#crypto/match-code.ts';
import type { RequestPart } from './session-card.ts';
import { sayText, sayTextOrNull } from './session-fact.ts';

/** A request as it was asked. */
export function requestOf(
  { leaf, name }: CheckedEntry,
  { why, expires, approvals }: Readonly<Partial<FieldsOf<'approval.requested'>>>,
): RequestPart {
  return {
    name,
    match: matchCode(parseBase64url(name)),
    state: 'waiting',
    why: sayTextOrNull(why),
    requestedAt: leaf.t,
    expires: expires ?? '',
    needed: approvals ?? 1,
    grants: [],
    asked: [],
    viewed: [],
    ended: null,
  };
}

/** A request as one more entry of it leaves it. */
export function requestAfter(request: RequestPart, { opened, leaf }: CheckedEntry): RequestPart {
  const at = leaf.t;
  if (isOpenedAs(opened, 'approval.notified')) {
    const { channel, to, by } = opened.fields;
    const asked = { to: sayTextOrNull(to), by: sayTextOrNull(by), channel: sayText(channel), at };
    return { ...request, asked: [...request.asked, asked] };
  }
  if (isOpenedAs(opened, 'approval.viewed')) {
    const { channel, by } = opened.fields;
    const viewed = { by: sayTextOrNull(by), channel: sayText(channel), at };
    return { ...request, viewed: [...request.viewed, viewed] };
  }
  if (isOpenedAs(opened, 'approval.granted')) {
    const { approver, approver_id: approverId = '', method, comment } = opened.fields;
    const grant = { approverId, approver: sayText(approver), method: sayText(method) };
    const grants = [...request.grants, { ...grant, comment: sayTextOrNull(comment), at }];
    const isEnough = new Set(grants.map(({ approverId: id }) => id)).size >= request.needed;
    return { ...request, grants, state: isEnough ? 'granted' : request.state };
  }
  if (isOpenedAs(opened, 'approval.denied')) {
    const { approver, comment } = opened.fields;
    const ended = { by: sayText(approver), comment: sayTextOrNull(comment), at };
    return { ...request, state: 'denied', ended };
  }
  if (isOpenedAs(opened, 'approval.withdrawn')) {
    const { by, reason } = opened.fields;
    const ended = { by: sayText(by), comment: sayTextOrNull(reason), at };
    return { ...request, state: 'withdrawn', ended };
  }
  return { ...request, state: 'expired', ended: { by: null, comment: null, at } };
}
