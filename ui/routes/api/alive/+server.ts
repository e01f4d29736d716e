// Whether the console is there: for its own pages, and for whatever stands in front of it.

import type { RequestHandler } from './$types';

export const GET: RequestHandler = () => new Response(null, { status: 204 });
