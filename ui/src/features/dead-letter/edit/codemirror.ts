/** How JSON looks in the editor and in the comparison, in both themes: by the colours of the page. */
import { json } from '@codemirror/lang-json';
import { syntaxTree } from '@codemirror/language';
import type { Extension, Range } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

const NAME = Decoration.mark({ class: 'json-name' });
const OTHER = Decoration.mark({ class: 'json-other' });
const MARKS: Readonly<Record<string, Decoration>> = {
  PropertyName: NAME,
  Number: OTHER,
  True: OTHER,
  False: OTHER,
  Null: OTHER,
};

function marksOf(view: EditorView): DecorationSet {
  const marks: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter: (node) => {
        const mark = MARKS[node.name];
        if (mark !== undefined) marks.push(mark.range(node.from, node.to));
      },
    });
  }
  return Decoration.set(marks, true);
}

const highlighting = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = marksOf(view);
    }
    update({ view, docChanged, viewportChanged, startState, state }: ViewUpdate): void {
      if (docChanged || viewportChanged || syntaxTree(startState) !== syntaxTree(state))
        this.decorations = marksOf(view);
    }
  },
  { decorations: ({ decorations }) => decorations },
);

const looks = EditorView.theme({
  '&': {
    border: '1px solid var(--fmhl-line)',
    fontSize: '13px',
    backgroundColor: 'var(--mantine-color-body)',
  },
  '&.cm-focused': { outline: '2px solid var(--fmhl-blue)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', maxHeight: '60vh' },
  '.cm-content': { caretColor: 'currentColor', padding: '6px 0' },
  '.cm-gutters': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--fmhl-quiet)',
    borderRight: '1px solid var(--fmhl-line)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--fmhl-line)',
  },
  '.json-name': { fontWeight: '600' },
  '.json-other': { color: 'var(--fmhl-blue)' },
  '.cm-lintPoint-error:after': { borderBottomColor: 'var(--fmhl-red)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--fmhl-red)',
    textUnderlineOffset: '3px',
  },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--fmhl-red)' },
  '.cm-insertedLine, .cm-changedLine': { backgroundColor: 'light-dark(#e6f6ea, #14301d) !important' },
  '.cm-deletedChunk': { backgroundColor: 'light-dark(#fdecea, #3b1613) !important', paddingLeft: '6px' },
  '.cm-changedText, .cm-deletedText': { background: 'none !important', textDecoration: 'none' },
  '.cm-line.cm-changedLine::before, .cm-line.cm-insertedLine::before': { content: '"+ "' },
  '.cm-deletedLine::before': { content: '"− "' },
});

/** @param label what the text is, for who can't see it */
export function jsonView(label: string): Extension {
  return [
    json(),
    highlighting,
    looks,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ];
}
