import type { Proof, State } from './proof.ts';

const jobs = (failed: number, completed: number): State => ({
  'fmhl_jobs_failed_total{queue="email_send"}': { grows: failed },
  'fmhl_jobs_completed_total{queue="email_send"}': { grows: completed },
});

const requests = (failed: number, good: number): State => ({
  'fmhl_api_requests_total{outcome="error"}': { grows: failed },
  'fmhl_api_requests_total{outcome="ok"}': { grows: good },
});

interface Service {
  alert: string;
  slo: string;
  traffic: (failed: number, good: number) => State;
  what: string;
  objective: string;
  /** Of 100,000: what is just under and just over the limit of the alert. */
  limits: Record<'Fast' | 'Slow' | 'Creeping', { under: number; over: number; shown: string; limit: string }>;
}

const SERVICES: readonly Service[] = [
  {
    alert: 'JobSuccess',
    slo: 'job_success',
    traffic: jobs,
    what: 'jobs have died',
    objective: '99.5',
    limits: {
      Fast: { under: 7_190, over: 7_250, shown: '7.25%', limit: '7.2' },
      Slow: { under: 2_990, over: 3_020, shown: '3.02%', limit: '3' },
      Creeping: { under: 499, over: 502, shown: '0.502%', limit: '0.5' },
    },
  },
  {
    alert: 'ApiAvailability',
    slo: 'api_availability',
    traffic: requests,
    what: 'requests to the API were answered with a 5xx',
    objective: '99.9',
    limits: {
      Fast: { under: 1_430, over: 1_450, shown: '1.45%', limit: '1.44' },
      Slow: { under: 590, over: 605, shown: '0.605%', limit: '0.6' },
      Creeping: { under: 99, over: 101, shown: '0.101%', limit: '0.1' },
    },
  },
];

/**
 * `fallsAfter`: once nothing fails any more, with so little traffic that the long window still says otherwise, it ends
 * when the short window has let go, and the five minutes of its rate.
 * `burst`: so many steps of good traffic, and then so many in which twice the limit fails: more than the short window
 * allows, for longer than `for`, and less than the long one allows.
 */
const BURNS = [
  {
    name: 'Fast',
    speed: '14.4 times as fast as it may',
    ...{ long: '1h', stepSeconds: 15, fallsAfter: 20 },
    burst: [100, 30],
  },
  {
    name: 'Slow',
    speed: '6 times as fast as it may',
    ...{ long: '6h', stepSeconds: 60, fallsAfter: 35 },
    burst: [200, 50],
  },
  {
    name: 'Creeping',
    speed: 'faster than it may',
    ...{ long: '3d', stepSeconds: 60, fallsAfter: 365 },
    burst: [1_000, 300],
  },
] as const;

export const SLO_PROOFS: readonly Proof[] = SERVICES.flatMap((service) =>
  BURNS.map(({ name, speed, long, stepSeconds, fallsAfter, burst }): Proof => {
    const { under, over, shown, limit } = service.limits[name];
    const share = (failed: number): State => service.traffic(failed, 100_000 - failed);
    return {
      alert: `${service.alert}Burn${name}`,
      stepSeconds,
      quiet: service.traffic(0, 0),
      under: share(under),
      over: share(over),
      after: service.traffic(0, 10),
      fallsAfter,
      summary: `The error budget of ${service.slo} burns ${speed}`,
      description: `${shown} of the ${service.what} within ${long} (limit: ${limit} %; the objective is ${service.objective} % good over 30 days).`,
      alsoSilent: [
        {
          when: 'when the only one of hours fails: too few to tell',
          phases: [
            [service.traffic(0, 0), 100],
            [service.traffic(1, 0), 1],
            [service.traffic(0, 0), 80],
          ],
        },
        {
          when: 'when a young Prometheus has seen 90 fail and no more: too few to tell',
          phases: [
            [service.traffic(3, 0), 31],
            [service.traffic(0, 0), 80],
          ],
        },
        {
          when: 'when a burst was too short to matter',
          phases: [
            [share(0), burst[0]],
            [share(2 * over), burst[1]],
            [share(0), 30],
          ],
        },
      ],
    };
  }),
);
