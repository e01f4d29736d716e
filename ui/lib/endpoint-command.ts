// The one line that enrols a machine, for each system. The token goes by standard input: never on a command line,
// where every user of the machine could read it.

export const OPERATING_SYSTEMS = [
  { id: 'linux', title: 'Linux' },
  { id: 'macos', title: 'macOS' },
  { id: 'windows', title: 'Windows (PowerShell)' },
] as const;

export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number]['id'];

/** A token for one machine, as its site has just made it: shown once. */
export interface MadeToken {
  readonly token: string;
  readonly expires: string;
  /** What the machine is called. */
  readonly name: string;
}

/** A command to paste: enrols, and then runs the agent. */
export function endpointCommand({ os, token }: { os: OperatingSystem; token: string }): string {
  switch (os) {
    case 'linux':
    case 'macos':
      return `printf %s '${token}' | caisey agent enrol --token-file - && caisey agent run`;
    case 'windows':
      return `'${token}' | caisey agent enrol --token-file -; if ($?) { caisey agent run }`;
    default:
      throw new Error(`unreachable: system ${String(os satisfies never)}`);
  }
}

/** Labels as typed, with commas between. */
export function parseLabels(text: string): string[] {
  const labels = text
    .split(',')
    .map((label) => label.trim())
    .filter(Boolean);
  return [...new Set(labels)];
}
