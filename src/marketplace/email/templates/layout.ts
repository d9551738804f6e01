/** One content, two versions: every email goes out as text and as HTML, escaped here and nowhere else. */

/** What an email says. Plain text throughout: no part of it is HTML. */
export interface EmailContent {
  subject: string;
  greeting: string;
  paragraphs: readonly string[];
  /** The one thing to do, as a link. */
  action: { label: string; url: string } | null;
}

export interface RenderedEmail {
  subject: string;
  text: string;
  html: string;
}

const MAX_SUBJECT = 200;
const SIGNATURE = 'Find Me a Hot Lead';

export function renderEmail(content: EmailContent): RenderedEmail {
  return {
    subject: oneLine(content.subject).slice(0, MAX_SUBJECT),
    text: renderText(content),
    html: renderHtml(content),
  };
}

function renderText({ greeting, paragraphs, action }: EmailContent): string {
  const blocks = [greeting, ...paragraphs].map(oneLine);
  if (action !== null) blocks.push(`${oneLine(action.label)}:\n${oneLine(action.url)}`);
  return `${[...blocks, `-- \n${SIGNATURE}`].join('\n\n')}\n`;
}

function renderHtml({ greeting, paragraphs, action, subject }: EmailContent): string {
  const blocks = [greeting, ...paragraphs].map((block) => `<p>${escapeHtml(oneLine(block))}</p>`);
  if (action !== null) {
    const url = escapeHtml(oneLine(action.url));
    blocks.push(`<p><a href="${url}">${escapeHtml(oneLine(action.label))}</a></p>`, `<p>${url}</p>`);
  }
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(oneLine(subject))}</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5">',
    ...blocks,
    `<p style="color:#666">${SIGNATURE}</p>`,
    '</body></html>',
    '',
  ].join('\n');
}

/**
 * A value on one line. A line break in a subject would start a header of its own; in a paragraph it
 * would let a value pose as the rest of the email.
 */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim();
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? '');
}
