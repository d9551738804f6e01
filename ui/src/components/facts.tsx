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
