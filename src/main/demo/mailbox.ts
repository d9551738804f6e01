import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Reads the confirmation links out of the mails that the system writes to a folder. */
export interface Mailbox {
  /** The tokens of confirmation mails that came since the last call. */
  newTokens: () => Promise<string[]>;
}

export async function openMailbox(folder: string): Promise<Mailbox> {
  // What was there before belongs to somebody else.
  const seen = new Set(await mailsIn(folder));
  return {
    newTokens: async () => {
      const tokens: string[] = [];
      for (const name of await mailsIn(folder)) {
        if (seen.has(name)) continue;
        seen.add(name);
        const token = tokenIn(await readFile(join(folder, name), 'utf8'));
        if (token !== null) tokens.push(token);
      }
      return tokens;
    },
  };
}

async function mailsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(
      (name) => name.endsWith('.eml') && name.includes('-lead_confirmation-'),
    );
  } catch {
    // The folder is made with the first mail.
    return [];
  }
}

function tokenIn(mail: string): string | null {
  // Quoted-printable breaks long lines with "=" and writes "=" as "=3D".
  const text = mail.replace(/=\r?\n/g, '').replaceAll('=3D', '=');
  return /\/leads\/confirm\?token=([\w-]+)/.exec(text)?.[1] ?? null;
}
