import {
  ActionIcon,
  Burger,
  Collapse,
  Group,
  Kbd,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { Moon, Sun } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { ConfirmedProvider } from '../../components/confirmed.tsx';
import { ShortcutsProvider, useShortcuts } from '../../components/shortcuts.tsx';
import { useMay } from '../../services/permissions.ts';
import { RunningOperations } from '../operations/running.tsx';
import { AccountMenu } from './account-menu.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { usePages } from './pages.ts';
import classes from './shell.module.css';

const CommandPalette = lazy(() => import('./command-palette.tsx'));

/** The bar above every page, and what is the same on all of them: keys, palette, banner. */
export function Shell({ children }: { children: React.ReactNode }) {
  return (
    <ShortcutsProvider>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <ConnectionBanner />
      <Bar />
      <main id="main" className={classes.main}>
        <ConfirmedProvider>{children}</ConfirmedProvider>
      </main>
      <RunningOperations />
    </ShortcutsProvider>
  );
}

function Bar() {
  const pages = usePages();
  const [menuOpened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => close(), [path, close]);
  const links = pages.map(({ to, label }) => (
    <Link key={to} to={to} className={classes.link} activeOptions={{ exact: to === '/' }}>
      {label}
    </Link>
  ));
  return (
    <header className={classes.bar}>
      <Group justify="space-between" wrap="nowrap" h={44} gap="sm">
        <Group gap={2} wrap="nowrap" style={{ minWidth: 0 }}>
          <Link to="/" className={classes.brand}>
            fmhl
          </Link>
          <nav aria-label="Pages" className={classes.wide}>
            {links}
          </nav>
        </Group>
        <Group gap="xs" wrap="nowrap">
          <Palette />
          <Theme />
          <AccountMenu />
          <Burger
            className={classes.narrow}
            opened={menuOpened}
            onClick={toggle}
            size="sm"
            aria-label="Menu"
            aria-expanded={menuOpened}
          />
        </Group>
      </Group>
      <Collapse expanded={menuOpened} className={classes.narrow}>
        <nav aria-label="Menu" className={classes.menu}>
          {links}
        </nav>
      </Collapse>
    </header>
  );
}

function Palette() {
  const [wanted, setWanted] = useState(0);
  const open = (): void => setWanted((times) => times + 1);
  useHotkeys([['mod+K', open]], []);
  useGoShortcuts();
  return (
    <>
      <UnstyledButton onClick={open} className={classes.palette}>
        <Kbd size="xs">⌘K</Kbd>
        <span className="visually-hidden">Go to, or do</span>
      </UnstyledButton>
      {wanted > 0 && (
        <Suspense>
          <CommandPalette wanted={wanted} />
        </Suspense>
      )}
    </>
  );
}

function useGoShortcuts(): void {
  const navigate = useNavigate();
  const may = useMay();
  useShortcuts(
    may('dead_letters.view')
      ? [
          { key: 'o', label: 'Go to the overview', run: () => void navigate({ to: '/' }) },
          { key: 'd', label: 'Go to dead letters', run: () => void navigate({ to: '/dead-letters' }) },
        ]
      : [],
  );
}

function Theme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const dark =
    colorScheme === 'dark' ||
    (colorScheme === 'auto' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      aria-label={dark ? 'Use the light theme' : 'Use the dark theme'}
    >
      {dark ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </ActionIcon>
  );
}
