/** All pages of the console, and what their addresses may hold. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { auditSearch } from '../features/audit/search.ts';
import { deadLettersSearch } from '../features/dead-letters/search.ts';
import {
  badLeadsSearch,
  inboxSearch,
  leadsSearch,
  providerSearch,
  providersSearch,
} from '../features/marketplace/search.ts';
import { operationSearch, operationsSearch } from '../features/operations/search.ts';
import { queueSearch } from '../features/queue/search.ts';
import { usersSearch } from '../features/users/search.ts';
import { parseSearch, stringifySearch } from '../services/search.ts';
import { NotFound, PageFailed, Root } from './root.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: PageFailed });
const getParentRoute = () => root;

// Each by itself: inside of the list of children, its types would be lost.
const overview = createRoute({
  getParentRoute,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/overview-page.tsx'), 'OverviewPage'),
});
const queue = createRoute({
  getParentRoute,
  path: '/queues/$name',
  validateSearch: queueSearch,
  component: lazyRouteComponent(() => import('../features/queue/queue-page.tsx'), 'QueuePage'),
});
const deadLetters = createRoute({
  getParentRoute,
  path: '/dead-letters',
  validateSearch: deadLettersSearch,
  component: lazyRouteComponent(
    () => import('../features/dead-letters/dead-letters-page.tsx'),
    'DeadLettersPage',
  ),
});
const deadLetter = createRoute({
  getParentRoute,
  path: '/dead-letters/$id',
  // The filter of the list it was opened from: next and previous follow it.
  validateSearch: deadLettersSearch,
  component: lazyRouteComponent(
    () => import('../features/dead-letter/dead-letter-page.tsx'),
    'DeadLetterPage',
  ),
});
const operations = createRoute({
  getParentRoute,
  path: '/operations',
  validateSearch: operationsSearch,
  component: lazyRouteComponent(() => import('../features/operations/operations-page.tsx'), 'OperationsPage'),
});
const operation = createRoute({
  getParentRoute,
  path: '/operations/$id',
  validateSearch: operationSearch,
  component: lazyRouteComponent(() => import('../features/operations/operation-page.tsx'), 'OperationPage'),
});
const audit = createRoute({
  getParentRoute,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../features/audit/audit-page.tsx'), 'AuditPage'),
});
const users = createRoute({
  getParentRoute,
  path: '/users',
  validateSearch: usersSearch,
  component: lazyRouteComponent(() => import('../features/users/users-page.tsx'), 'UsersPage'),
});
const settings = createRoute({
  getParentRoute,
  path: '/settings',
  component: lazyRouteComponent(() => import('../features/settings/settings-page.tsx'), 'SettingsPage'),
});
const leads = createRoute({
  getParentRoute,
  path: '/leads',
  validateSearch: leadsSearch,
  component: lazyRouteComponent(() => import('../features/marketplace/leads-page.tsx'), 'LeadsPage'),
});
const badLeads = createRoute({
  getParentRoute,
  path: '/bad-leads',
  validateSearch: badLeadsSearch,
  component: lazyRouteComponent(() => import('../features/marketplace/bad-leads-page.tsx'), 'BadLeadsPage'),
});
const providers = createRoute({
  getParentRoute,
  path: '/providers',
  validateSearch: providersSearch,
  component: lazyRouteComponent(() => import('../features/marketplace/providers-page.tsx'), 'ProvidersPage'),
});
const provider = createRoute({
  getParentRoute,
  path: '/providers/$id',
  validateSearch: providerSearch,
  component: lazyRouteComponent(() => import('../features/marketplace/provider-page.tsx'), 'ProviderPage'),
});
const inbox = createRoute({
  getParentRoute,
  path: '/inbox',
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import('../features/marketplace/inbox-page.tsx'), 'InboxPage'),
});

const tree = root.addChildren([
  overview,
  queue,
  deadLetters,
  deadLetter,
  operations,
  operation,
  audit,
  users,
  settings,
  leads,
  badLeads,
  providers,
  provider,
  inbox,
]);

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  // What a link leads to is loaded when the pointer or the focus rests on it.
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
