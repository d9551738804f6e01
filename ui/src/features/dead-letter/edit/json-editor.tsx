import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching } from '@codemirror/language';
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint';
import { EditorState, StateEffect } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { FieldProblem } from '../../../../../contract/errors.ts';
import { jsonView } from './codemirror.ts';
import { pathOf } from './draft.ts';
import { placeOf } from './locate.ts';

const LINT_DELAY_MS = 300;
const findSyntaxError = jsonParseLinter();
/** The queue said something else: the text is looked at again. */
const lookAgain = StateEffect.define();

interface Props {
  /** What stands in it at first; from then on it is the editor's own. */
  initial: string;
  /** What the queue holds against the text, by field. */
  problems: readonly FieldProblem[];
  label: string;
  onChange: (text: string) => void;
}

/** An editor of JSON that marks what is no JSON, and what the queue would refuse. Tab leaves it, as it does any field. */
export default function JsonEditor({ initial, problems, label, onChange }: Props) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ initial, problems, label, onChange });
  useEffect(() => {
    latest.current = { initial, problems, label, onChange };
  });
  useEffect(() => {
    if (parent.current === null) return;
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: latest.current.initial,
        extensions: [
          lineNumbers(),
          history(),
          bracketMatching(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          jsonView(latest.current.label),
          lintGutter(),
          linter((shown) => diagnosticsOf(shown, latest.current.problems), {
            delay: LINT_DELAY_MS,
            needsRefresh: ({ transactions }) =>
              transactions.some(({ effects }) => effects.some((effect) => effect.is(lookAgain))),
          }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) latest.current.onChange(state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    editor.focus();
    return () => editor.destroy();
  }, []);
  const told = JSON.stringify(problems);
  useEffect(() => {
    view.current?.dispatch({ effects: lookAgain.of(null) });
  }, [told]);
  return <div ref={parent} />;
}

function diagnosticsOf(view: EditorView, problems: readonly FieldProblem[]): readonly Diagnostic[] {
  const broken = findSyntaxError(view);
  if (broken.length > 0) return broken;
  const text = view.state.doc.toString();
  return problems.map(({ field, message }) => ({
    ...placeOf(text, pathOf(field)),
    severity: 'error',
    message: `${field}: ${message}`,
  }));
}
