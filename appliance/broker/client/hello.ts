// How a browser says whose it is.

import { formatTime } from '#crypto/leaf.ts';
import { WorkError } from '../../work/error.ts';
import { callerOf, type Handler } from './call.ts';

/** Takes a device statement; the caller is that member from here on. Said again, it renews the device. */
export const clientHello: Handler<'client.hello'> = async ({ device }, { desk, caller }) => {
  const { site, guests } = desk;
  const { publicKey, approver } = caller;
  const isItself = approver !== null || site.roleOf(publicKey) !== null;
  if (isItself) {
    throw new WorkError('not-allowed', 'Cannot take hello: your own key is known at this site');
  }
  const { expiresMs } = await guests.identify(publicKey, device, site);
  const { member } = callerOf(desk, publicKey);
  if (member === null) throw new WorkError('not-allowed', 'Cannot take hello: it came too late');
  return {
    member: member.id,
    name: member.name,
    role: member.role,
    expires: formatTime(expiresMs),
  };
};
