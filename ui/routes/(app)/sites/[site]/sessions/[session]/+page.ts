// The session is read from the site by the browser, end to end: the host has nothing of it to render.

export const ssr = false;
