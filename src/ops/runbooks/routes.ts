import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';

const INDEX = 'README';

export interface RunbookOptions {
  /** Of Markdown files, one for each alert, and README.md. */
  directory: string;
  /** Without signing in: there are no secrets in them, and access may be what is broken. Else for the staff. */
  isPublic: boolean;
}

/**
 * `GET /runbooks` and `GET /runbooks/<alert>`: what to do about an alert, where its notification leads. Readable in
 * a browser and with curl, by whoever is on call. They are read once, now.
 */
export function runbookRoutes(app: HttpServer, { directory, isPublic }: RunbookOptions): void {
  const pages = new Map(
    readdirSync(directory)
      .filter((file) => file.endsWith('.md'))
      .map((file) => {
        const name = file.slice(0, -'.md'.length);
        return [name, page(name, readFileSync(join(directory, file), 'utf8'))];
      }),
  );
  const schema = (summary: string) => ({
    summary,
    tags: ['operations'],
    response: { 200: { description: 'HTML', content: { 'text/html': { schema: z.string() } } } },
  });
  const access = isPublic ? ('public' as const) : ('monitoring.view' as const);
  const route = { config: { access }, serializerCompiler: () => String };

  app.get('/runbooks', { ...route, schema: schema('All runbooks') }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(pages.get(INDEX) ?? ''),
  );
  app.get(
    '/runbooks/:name',
    { ...route, schema: { ...schema('What to do about an alert'), params: z.object({ name: z.string() }) } },
    async (request, reply) => {
      const text = pages.get(request.params.name);
      if (text === undefined) throw new HttpError('not_found');
      return reply.type('text/html; charset=utf-8').send(text);
    },
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The Markdown as it is, but for links to other runbooks: it is meant to be read as text, and copied from. */
function page(name: string, markdown: string): string {
  const text = markdown
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '')
    .replace(/\[(\w+)\]\(\w+\.md\)/g, '<a href="/runbooks/$1">$1</a>');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}</title>
<style>pre { max-width: 100ch; margin: 2rem auto; padding: 0 1rem; white-space: pre-wrap; overflow-wrap: anywhere }</style>
<pre>${text}</pre>
</html>
`;
}
