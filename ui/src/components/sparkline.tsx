/** A line of the last hour, drawn small; what it says is also text for those who can't see it. */
const WIDTH = 96;
const HEIGHT = 20;

export function Sparkline({
  values,
  label,
  bars = false,
}: {
  /** Oldest first; null where nothing is known. */
  values: readonly (number | null)[];
  /** Says what is drawn, with its latest and highest value. */
  label: string;
  bars?: boolean;
}) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return <span className="quiet">–</span>;
  const highest = Math.max(...known, Number.MIN_VALUE);
  const step = WIDTH / Math.max(values.length - (bars ? 0 : 1), 1);
  const y = (value: number): number => HEIGHT - 1 - (value / highest) * (HEIGHT - 2);
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <title>{label}</title>
      {bars ? (
        <path d={barsPath(values, step, y)} fill="currentColor" />
      ) : (
        <path d={linePath(values, step, y)} fill="none" stroke="currentColor" strokeWidth={1.2} />
      )}
    </svg>
  );
}

function linePath(values: readonly (number | null)[], step: number, y: (value: number) => number): string {
  let pen = 'M';
  let path = '';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    path += `${pen}${(index * step).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

/** All bars in one path: a list of groups has hundreds of them. */
function barsPath(values: readonly (number | null)[], step: number, y: (value: number) => number): string {
  const width = Math.max(step - 1, 1).toFixed(1);
  return values
    .map((value, index) =>
      value === null || value === 0
        ? ''
        : `M${(index * step).toFixed(1)} ${HEIGHT}V${y(value).toFixed(1)}h${width}V${HEIGHT}z`,
    )
    .join('');
}
