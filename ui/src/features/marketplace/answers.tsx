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
