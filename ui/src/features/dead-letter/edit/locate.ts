/** Where in JSON text a value stands. */
import { jsonLanguage } from '@codemirror/lang-json';

type Node = ReturnType<typeof jsonLanguage.parser.parse>['topNode'];

/** The value at a path, or the nearest around it that exists: there the missing one should be. */
export function placeOf(text: string, path: readonly string[]): { from: number; to: number } {
  const top = jsonLanguage.parser.parse(text).topNode;
  let node = top.firstChild ?? top;
  for (const key of path) {
    const next = node.name === 'Array' ? itemOf(node, key) : propertyOf(node, key, text);
    if (next === null) return firstOf(node);
    node = next;
  }
  return path.length === 0 ? firstOf(node) : { from: node.from, to: node.to };
}

/** Of what has many lines, the bracket that opens it: a mark all over it would hide where it begins. */
function firstOf({ name, from, to }: Node): { from: number; to: number } {
  return name === 'Object' || name === 'Array' ? { from, to: from + 1 } : { from, to };
}

function itemOf(list: Node, key: string): Node | null {
  let left = /^\d+$/.test(key) ? Number(key) : Infinity;
  for (let child = list.firstChild; child !== null && left < Infinity; child = child.nextSibling) {
    if (/^[[\],]$/.test(child.name)) continue;
    if (left === 0) return child;
    left -= 1;
  }
  return null;
}

function propertyOf(object: Node, key: string, text: string): Node | null {
  for (const property of object.getChildren('Property')) {
    const name = property.getChild('PropertyName');
    if (name !== null && text.slice(name.from, name.to) === JSON.stringify(key)) return property.lastChild;
  }
  return null;
}
