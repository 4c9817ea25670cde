/** What an executable is compiled of, and with which options: the engine, TLS, and the host in native/. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { checkout } from './folders.mjs'
import { sha256 } from './lock.mjs'
import { cFilesIn } from './sources.mjs'

const native = join(checkout, 'native')
const buildTools = ['bytecode.c']

/** The engine without its own library of system functions: native/ offers what the program needs. */
const engineFiles = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c']

/** Every byte of a stream goes through these, of mbedTLS and of native/; ecp_curves.c is a third of a handshake. */
const hotFiles = [
  ...['aes.c', 'aesce.c', 'aesni.c', 'chacha20.c', 'chachapoly.c', 'gcm.c', 'poly1305.c'],
  ...['ecp_curves.c', 'search.c'],
]
const isHot = (file) => hotFiles.includes(basename(file))

const strict = ['-std=c11', '-D_GNU_SOURCE=', '-Wall', '-Wextra', '-Werror']
const quiet = ['-w']

export function engineGroup(quickjs, optimization, targetFlags = []) {
  return {
    files: engineFiles.map((name) => join(quickjs.folder, name)),
    flags: [optimization, ...targetFlags, ...quiet, '-D_GNU_SOURCE', `-DCONFIG_VERSION="${engineVersion(quickjs)}"`],
    places: [hidden(quickjs.folder, 'quickjs')],
    madeWith: quickjs.id,
  }
}

export function tlsGroups(mbedtls, { optimization, hotOptimization, tlsFlags }) {
  const isGcm = (file) => basename(file) === 'gcm.c'
  const group = (flags, belongs) => ({
    files: cFilesIn(join(mbedtls.folder, 'library')).filter(belongs),
    flags: [...flags, ...quiet, ...tlsFlags, ...tlsConfiguration],
    places: [`-I${native}`, `-I${join(mbedtls.folder, 'include')}`, hidden(mbedtls.folder, 'mbedtls')],
    madeWith: sha256(mbedtls.id, readFileSync(join(native, 'mbedtls_config.h'))),
  })
  return [
    group([optimization], (file) => !isHot(file)),
    group([hotOptimization], (file) => isHot(file) && !isGcm(file)),
    group([hotOptimization, '-DKVS_IN_GCM'], isGcm),
  ]
}

/** In angle brackets, since a quoted name would find mbedTLS's own file, which lies beside the one that includes it. */
const tlsConfiguration = ['-DMBEDTLS_CONFIG_FILE=<mbedtls_config.h>']

/** `generated`: C files that the build has written. */
export function hostGroups(
  { quickjs, mbedtls },
  { optimization, hotOptimization, tlsFlags, hostFlags, target },
  generated,
) {
  const version = [`-DKVS_TARGET="${target}"`, `-DKVS_QUICKJS_VERSION="${engineVersion(quickjs)}"`]
  const files = [...cFilesIn(native).filter((file) => !buildTools.includes(basename(file))), ...generated]
  const group = (level, belongs) => ({
    files: files.filter(belongs),
    flags: [level, ...strict, ...version, ...hostFlags, ...tlsFlags, ...tlsConfiguration],
    places: [
      `-I${native}`,
      ...['-isystem', quickjs.folder, '-isystem', join(mbedtls.folder, 'include')],
      hidden(native, 'native'),
    ],
    madeWith: sha256(quickjs.id, mbedtls.id, ...headers()),
  })
  return [group(optimization, (file) => !isHot(file)), group(hotOptimization, isHot)]
}

export function toolGroup(quickjs) {
  return {
    files: buildTools.map((name) => join(native, name)),
    flags: ['-O1', ...strict],
    places: ['-isystem', quickjs.folder],
    madeWith: quickjs.id,
  }
}

function headers() {
  const names = readdirSync(native).filter((name) => name.endsWith('.h'))
  return names.sort().map((name) => readFileSync(join(native, name)))
}

function engineVersion(quickjs) {
  return readFileSync(join(quickjs.folder, 'VERSION'), 'utf8').trim()
}

/** The executable is the same wherever it was built. */
function hidden(folder, name) {
  return `-ffile-prefix-map=${folder}=${name}`
}
