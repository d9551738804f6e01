/** Keys of the page: registered by whoever acts on them, listed by `?`. */
import { Modal } from '@mantine/core';
import { createContext, useContext, useEffect, useMemo, useRef, useState } from 'react';

export interface Shortcut {
  /** One key as `KeyboardEvent.key` has it: `j`, `/`, `?`. */
  key: string;
  /** What it does, as the list of keys says it. */
  label: string;
  run: () => void;
}

interface Registry {
  add: (shortcuts: readonly Shortcut[]) => () => void;
}

const Context = createContext<Registry | null>(null);

function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && ['checkbox', 'radio', 'button'].includes(target.type))
  );
}

/** Enter and Space belong to the link or button that has the focus. */
function isPressed({ key, target }: KeyboardEvent): boolean {
  return (
    (key === 'Enter' || key === ' ') &&
    target instanceof Element &&
    target.closest('a, button, summary, [role]') !== null
  );
}

/** Keys do nothing while somebody writes, while a dialog is open, or together with Ctrl, Alt or ⌘. */
export function ShortcutsProvider({ children }: { children: React.ReactNode }) {
  const layers = useRef<(readonly Shortcut[])[]>([]);
  const [listed, setListed] = useState<Shortcut[] | null>(null);
  const registry = useMemo<Registry>(
    () => ({
      add: (shortcuts) => {
        layers.current.push(shortcuts);
        return () => {
          layers.current = layers.current.filter((layer) => layer !== shortcuts);
        };
      },
    }),
    [],
  );
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || takesText(event.target))
        return;
      if (isPressed(event)) return;
      if (document.querySelector('[role="dialog"]') !== null) return;
      const all = [...layers.current].reverse().flat();
      if (event.key === '?') {
        setListed(all);
        return;
      }
      const shortcut = all.find(({ key }) => key === event.key);
      if (shortcut === undefined) return;
      event.preventDefault();
      shortcut.run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <Context.Provider value={registry}>
      {children}
      <Modal opened={listed !== null} onClose={() => setListed(null)} title="Keys">
        <table className="table">
          <tbody>
            {(listed ?? []).map(({ key, label }) => (
              <tr key={key}>
                <td>
                  <kbd>{key === ' ' ? 'Space' : key}</kbd>
                </td>
                <td>{label}</td>
              </tr>
            ))}
            <tr>
              <td>
                <kbd>⌘K</kbd> <kbd>Ctrl K</kbd>
              </td>
              <td>Go to any page, or do anything this page can do</td>
            </tr>
            <tr>
              <td>
                <kbd>?</kbd>
              </td>
              <td>This list</td>
            </tr>
          </tbody>
        </table>
      </Modal>
    </Context.Provider>
  );
}

/** Registers keys for as long as the component stands; the innermost component wins a key. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const registry = useContext(Context);
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  const names = shortcuts.map(({ key, label }) => `${key}\n${label}`).join('\n');
  useEffect(() => {
    if (registry === null || names === '') return;
    // What runs is looked up late, so that a new closure does not change the order of registration.
    const stable = latest.current.map(({ key, label }, index) => ({
      key,
      label,
      run: () => latest.current[index]?.run(),
    }));
    return registry.add(stable);
  }, [registry, names]);
}
