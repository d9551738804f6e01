/** The pages of the admin UI: the server answers their addresses with the UI, which routes by them. */

/** First parts of their paths; `''` is the overview. What stands behind a first part is the UI's own. */
export const UI_PAGES = [
  '',
  'queues',
  'dead-letters',
  'operations',
  'audit',
  'users',
  'settings',
  'setup',
  'leads',
  'bad-leads',
  'providers',
  'inbox',
] as const;
