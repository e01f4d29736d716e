// Before anything else in the browser: zod must not try to compile its schemas, which Trusted Types forbid.

import * as z from 'zod';

z.config({ jitless: true });
