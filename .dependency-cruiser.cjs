/**
 * Who may import whom (docs/design.md, "the house"). Each rule names the folders it guards; what it forbids is an error.
 * Type-only imports count: a type of a forbidden folder is knowledge of that folder.
 */

/** Seen by every stage; `frame` itself sees only these and itself. */
const everyone = ['frame/', 'errors', 'stats', 'platform', 'text']

/** What a folder of the core may import besides `everyone` and itself. */
const stages = {
  host: ['http/'],
  frame: [],
  mux: [],
  buffer: [],
  ack: [],
  http: [],
  aws: ['http/'],
  send: ['http/', 'aws/'],
  rtsp: [],
  source: ['mux/reader', 'rtsp/'],
}

const stageRules = Object.entries(stages).map(([stage, more]) => ({
  name: `core-${stage}`,
  comment: `src/core/${stage} knows ${[...everyone, ...more].join(', ')} and itself; only the files directly in src/core know all stages`,
  severity: 'error',
  from: { path: `^src/core/${stage}/` },
  to: { path: '^src/', pathNot: `^src/core/(${[...everyone, ...more, `${stage}/`].map(asPattern).join('|')})` },
}))

/** "frame/" is a folder, "errors" a file: `errors.ts` but not `errors-more.ts`. */
function asPattern(name) {
  return name.endsWith('/') ? name : `${name}[.]ts$`
}

/** Tests may import what they test and what they like. */
const tests = ['[.]test[.]ts$', '/testing/']

function exceptInTests(rule) {
  return { ...rule, from: { ...rule.from, pathNot: [...tests, ...(rule.from.pathNot ? [rule.from.pathNot] : [])] } }
}

const rules = [
  {
    name: 'no-cycle',
    comment: 'a cycle means that two files are one, or that one of them knows too much',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-unresolvable',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'core-cli-and-device-are-portable',
    comment: 'src/core, src/cli and src/device run on a small engine: no Node.js module, no npm package',
    severity: 'error',
    from: { path: '^src/(core|cli|device)/' },
    to: { pathNot: '^src/' },
  },
  {
    name: 'core-knows-only-core',
    severity: 'error',
    from: { path: '^src/core/' },
    to: { path: '^src/', pathNot: '^src/core/' },
  },
  ...stageRules,
  {
    name: 'core-folder-without-a-rule',
    comment: 'a new folder in src/core needs its line in the table above',
    severity: 'error',
    from: { path: '^src/core/[^/]+/', pathNot: `^src/core/(${Object.keys(stages).join('|')})/` },
    to: {},
  },
  {
    name: 'cli-knows-only-core-and-cli',
    severity: 'error',
    from: { path: '^src/cli/' },
    to: { path: '^src/', pathNot: '^src/(core|cli)/' },
  },
  {
    name: 'local-knows-only-core-and-local',
    comment: 'the local endpoint is a library of its own beside the producer',
    severity: 'error',
    from: { path: '^src/local/' },
    to: { path: '^src/', pathNot: '^src/(core|local)/' },
  },
  {
    name: 'device-knows-only-core-cli-and-device',
    severity: 'error',
    from: { path: '^src/device/' },
    to: { path: '^src/', pathNot: '^src/(core|cli|device)/' },
  },
  {
    name: 'only-declared-packages',
    comment: 'what the package imports, types included, must be a dependency of it',
    severity: 'error',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'nothing-imports-tests',
    severity: 'error',
    from: {},
    to: { path: [...tests, '^(test|bench|examples|scripts)/'] },
  },
]

module.exports = {
  forbidden: rules.map(exceptInTests),
  options: {
    doNotFollow: { path: ['node_modules'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    moduleSystems: ['es6'],
  },
}
