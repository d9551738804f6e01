// Who may import whom. The reasons stand in docs/architecture.md.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: '^(src|contract|test|scripts)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'contract-is-a-leaf',
      comment: 'The shared vocabulary imports zod and nothing else.',
      severity: 'error',
      from: { path: '^contract/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^(contract/|node_modules/zod/)' },
    },
    only(
      'platform-stands-alone',
      '^src/platform/',
      '^(contract/|src/platform/)',
      'platform knows nothing above it',
    ),
    only('config-stands-alone', '^src/config/', '^(contract/|src/config/)', 'config knows nothing above it'),
    only(
      'metrics-is-lowest',
      '^src/ops/metrics/',
      '^(contract/|src/platform/|src/ops/metrics/)',
      'downhill only',
    ),
    only(
      'queues-downhill',
      '^src/ops/queues/',
      '^(contract/|src/platform/|src/ops/(metrics|queues|audit)/)',
      'downhill only',
    ),
    only(
      'audit-downhill',
      '^src/ops/audit/',
      '^(contract/|src/platform/|src/ops/audit/)',
      'whoever changes something records it, so it knows nobody',
    ),
    only(
      'outbox-downhill',
      '^src/ops/outbox/',
      '^(contract/|src/platform/|src/ops/(metrics|queues|outbox)/)',
      'downhill only',
    ),
    only(
      'dead-letters-downhill',
      '^src/ops/dead-letters/',
      '^(contract/|src/platform/|src/ops/(metrics|queues|outbox|audit|dead-letters)/)',
      'downhill only',
    ),
    only(
      'incidents-downhill',
      '^src/ops/incidents/',
      '^(contract/|src/platform/|src/ops/(metrics|queues|outbox|audit|dead-letters|incidents)/)',
      'downhill only',
    ),
    only(
      'health-downhill',
      '^src/ops/health/',
      '^(contract/|src/platform/|src/ops/(metrics|queues|health)/)',
      'downhill only',
    ),
    only(
      'monitoring-of-ops-downhill',
      '^src/ops/monitoring/',
      '^(contract/|src/platform/|src/ops/(metrics|monitoring)/)',
      'it reads what others measured',
    ),
    only(
      'runbooks-stand-alone',
      '^src/ops/runbooks/',
      '^(contract/|src/platform/|src/ops/runbooks/)',
      'they are read when the rest is broken',
    ),
    only(
      'access-downhill',
      '^src/ops/access/',
      '^(contract/|src/platform/|src/ops/(metrics|audit|access)/)',
      'downhill only',
    ),
    only(
      'marketplace-uses-four-doors',
      '^src/marketplace/',
      '^(contract/|src/platform/|src/ops/(queues|outbox|metrics|audit)/|src/marketplace/)',
      'the marketplace knows queues, outbox, metrics and audit of ops, nothing else',
    ),
    only(
      'monitoring-knows-the-contract',
      '^monitoring/',
      '^(contract/|monitoring/)',
      'alerts and dashboards know the names of the contract, nothing of the code',
    ),
    {
      name: 'ui-knows-the-contract',
      comment: 'The admin UI knows the server by its contract alone.',
      severity: 'error',
      from: { path: '^ui/src/' },
      to: { path: '^(src|test|scripts|monitoring|bench|chaos)/' },
    },
    {
      name: 'engine-is-hidden',
      comment: 'Only platform/engine knows which queue engine runs.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/engine/|\\.test\\.ts$' },
      to: { path: '^node_modules/(bullmq|ioredis)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
