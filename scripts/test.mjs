/**
 * Runs the tests below the given folders: node scripts/test.mjs FOLDER… [OPTION…] [FILTER…]
 * A folder or a *.test.ts file says where to look; every other argument is a filter: a part of the file's path.
 *   --except FOLDER      leaves one out
 *   --concurrency FILES  how many run at once; tests that wait for the most part take more than there are processors
 *   --tap FILE           writes the results there as well, for programs (Test Anything Protocol)
 * Node.js 20 knows no glob for `--test`, so the files are found here.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, normalize, sep } from 'node:path'
import { parseArgs } from 'node:util'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    except: { type: 'string', multiple: true, default: [] },
    concurrency: { type: 'string', default: '2' },
    tap: { type: 'string' },
  },
})
const places = positionals.filter((argument) => statSync(argument, { throwIfNoEntry: false }))
const filters = positionals.filter((argument) => !places.includes(argument))
if (places.length === 0) fail('name at least one folder with tests')

const exceptions = values.except.map((folder) => normalize(`${folder}${sep}`))
const files = [...new Set(places.flatMap(testsBelow))]
  .filter((file) => !exceptions.some((folder) => file.startsWith(folder)))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
if (files.length === 0) {
  fail(`no *.test.ts in ${places.join(', ')}${filters.length > 0 ? ` named ${filters.join(' or ')}` : ''}`)
}

// A hanging file is ended and fails; the slowest that is well takes a tenth of this.
const fileTimeoutMs = 600_000
const reporters = [['spec', 'stdout'], ...(values.tap ? [['tap', values.tap]] : [])]
const { status, error } = spawnSync(
  process.execPath,
  [
    ...['--import', 'tsx', '--test', `--test-concurrency=${values.concurrency}`, `--test-timeout=${fileTimeoutMs}`],
    ...reporters.flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]),
    ...files,
  ],
  { stdio: 'inherit' },
)
if (error) fail(error.message)
process.exit(status ?? 1)

function testsBelow(place) {
  if (statSync(place).isFile()) return place.endsWith('.test.ts') ? [normalize(place)] : []
  return readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function fail(message) {
  console.error(`test: ${message}`)
  process.exit(1)
}
