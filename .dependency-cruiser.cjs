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

/** Tests may import what they like, their helpers what lies on their own side of the house. */
const tests = '[.]test[.]ts$'
const helpers = '/testing/'

function except(places, rule) {
  return { ...rule, from: { ...rule.from, pathNot: [...places, ...(rule.from.pathNot ? [rule.from.pathNot] : [])] } }
}

/** What each side may import of the house. Only `node` knows all; `local` is a library of its own beside the producer. */
const sides = {
  core: ['core'],
  cli: ['core', 'cli'],
  device: ['core', 'cli', 'device'],
  local: ['core', 'local'],
}

const sideRules = Object.entries(sides).map(([side, known]) => ({
  name: `${side}-knows-only-${known.join('-and-')}`,
  severity: 'error',
  from: { path: `^src/${side}/` },
  to: { path: '^src/', pathNot: `^src/(${known.join('|')})/` },
}))

/** These hold for the helpers of tests as well. */
const outerWalls = [
  {
    name: 'core-cli-and-device-are-portable',
    comment: 'src/core, src/cli and src/device run on a small engine: no Node.js module, no npm package',
    severity: 'error',
    from: { path: '^src/(core|cli|device)/' },
    to: { pathNot: '^src/' },
  },
  ...sideRules,
]

const innerWalls = [
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
  ...stageRules,
  {
    name: 'core-folder-without-a-rule',
    comment: 'a new folder in src/core needs its line in the table above',
    severity: 'error',
    from: { path: '^src/core/[^/]+/', pathNot: `^src/core/(${Object.keys(stages).join('|')})/` },
    to: {},
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
    to: { path: [tests, helpers, '^(test|bench|examples|scripts)/'] },
  },
]

module.exports = {
  forbidden: [
    ...outerWalls.map((rule) => except([tests], rule)),
    ...innerWalls.map((rule) => except([tests, helpers], rule)),
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    moduleSystems: ['es6'],
  },
}
