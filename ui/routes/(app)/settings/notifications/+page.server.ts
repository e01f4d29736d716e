// Of what a person wants to be told while a page is open. It is their own choice, the same in all their browsers.

import { NOTICE_KINDS } from '#ui/lib/notice-kinds.ts';
import { actorOf, orFail } from '#ui/server/request.ts';
import type { Actions } from './$types';

export const actions: Actions = {
  default: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await directory.chooseNotices(NOTICE_KINDS.filter((kind) => form.has(kind)));
      return { done: 'Your choice is kept' };
    }, {});
  },
};
