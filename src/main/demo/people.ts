/** Who submits the demo's leads. */
const FIRST = ['Ann', 'Bruno', 'Chloe', 'Dev', 'Eva', 'Farid', 'Grace', 'Hugo', 'Iris', 'Jonas'];
const LAST = [
  'Archer',
  'Bianchi',
  'Costa',
  'Dubois',
  'Evans',
  'Fischer',
  'Garcia',
  'Haddad',
  'Ito',
  'Jensen',
];
const BUDGETS = ['up to 20', '20 to 50', '50 to 200', 'more than 200'];
/** One lead in six can't be written to; each of these fails in its own way. */
const BROKEN = ['bounce.invalid', 'timeout.invalid', 'full.invalid'];

export interface DemoLead {
  niche: string;
  contact_name: string;
  email: string;
  phone: string;
  answers: Record<string, string | number>;
}

/** The n-th lead of a run: always the same one for the same n, so that two demos look alike. */
export function demoLead(n: number, niches: readonly string[]): DemoLead {
  const pick = <T>(list: readonly T[], step: number): T => list[Math.floor(n * step) % list.length] as T;
  const [first, last] = [pick(FIRST, 1), pick(LAST, 3)];
  const domain = n % 6 === 5 ? pick(BROKEN, 1 / 6) : 'demo.example';
  return {
    niche: pick(niches, 1),
    contact_name: `${first} ${last}`,
    email: `${first}.${last}.${n}@${domain}`.toLowerCase(),
    phone: `+44 20 7946 ${String(n % 1_000).padStart(4, '0')}`,
    answers: { budget: pick(BUDGETS, 7), servers: (n % 9) + 1 },
  };
}
