/** Names and values, one a line. */
export function Facts({ facts }: { facts: readonly (readonly [string, React.ReactNode])[] }) {
  return (
    <table className="table">
      <tbody>
        {facts.map(([name, value]) => (
          <tr key={name}>
            <th scope="row" style={{ width: 110 }}>
              {name}
            </th>
            <td className="raw">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What an end user answered, as it was typed. */
export function Answers({ answers }: { answers: Readonly<Record<string, unknown>> }) {
  const all = Object.entries(answers);
  if (all.length === 0) return <span className="quiet">None were given.</span>;
  return (
    <table className="table">
      <tbody>
        {all.map(([question, answer]) => (
          <tr key={question}>
            <th scope="row" className="raw" style={{ width: '35%', whiteSpace: 'pre-wrap' }}>
              {question}
            </th>
            <td className="raw">{typeof answer === 'string' ? answer : JSON.stringify(answer)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
