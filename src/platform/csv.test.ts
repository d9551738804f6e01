import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCsv, type Cell } from './csv.ts';

/** One cell as it stands in a file, without its line end. */
const cell = (value: Cell): string => toCsv(['x'], [{ x: value }], { header: false }).slice(0, -2);

describe('CSV', () => {
  test('has a header, commas, and CRLF after every line', () => {
    const rows = [
      { a: 'one', b: 2 },
      { a: null, b: new Date('2026-01-02T14:30:00Z') },
    ];
    assert.equal(toCsv(['b', 'a'], rows, { header: true }), 'b,a\r\n2,one\r\n2026-01-02T14:30:00.000Z,\r\n');
  });

  test('of no rows is the header alone, or nothing', () => {
    assert.equal(toCsv(['a', 'b'], [], { header: true }), 'a,b\r\n');
    assert.equal(toCsv(['a', 'b'], [], { header: false }), '');
  });

  test('puts quotes round whatever would end a cell or a line, and doubles quotes', () => {
    assert.equal(cell('a,b'), '"a,b"');
    assert.equal(cell('say "hi"'), '"say ""hi"""');
    assert.equal(cell('a\nb'), '"a\nb"');
    assert.equal(cell('a\rb'), '"a\rb"');
    assert.equal(cell('a\r\nb'), '"a\r\nb"');
    assert.equal(cell('{"k": "v", "n": 1}'), '"{""k"": ""v"", ""n"": 1}"');
    assert.equal(cell(' spaces '), ' spaces ');
  });

  test('keeps every script and emoji', () => {
    assert.equal(cell('Zoë 李 👩‍👩‍👧 שלום'), 'Zoë 李 👩‍👩‍👧 שלום');
  });

  for (const start of ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
    test(`disarms a text that begins with ${JSON.stringify(start)}`, () => {
      const text = `${start}HYPERLINK("http://x.example")`;
      const written = `'${text}`.replaceAll('"', '""');
      assert.equal(cell(text), `"${written}"`);
      assert.equal(cell(start).replaceAll('"', ''), `'${start}`, 'alone');
      assert.ok(!cell(`a${start}b`).includes("'"), 'but not in the middle');
    });
  }
});
