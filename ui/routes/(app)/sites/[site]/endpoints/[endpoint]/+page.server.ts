// A machine, as the host knows it.

import { actorOf, orError, orFail, textOf } from '#ui/server/request.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, depends }) => {
  depends(`console:endpoint:${params.endpoint}`);
  const { directory } = actorOf(locals);
  return orError(async () => ({
    endpoint: await directory.endpoint(params.site, params.endpoint),
  }));
};

export const actions: Actions = {
  note: async ({ locals, params, request }) => {
    const { directory } = actorOf(locals);
    const note = textOf(await request.formData(), 'note');
    return orFail(async () => {
      await directory.noteEndpoint(params.site, params.endpoint, note);
      return { isSaved: true };
    }, {});
  },
};
