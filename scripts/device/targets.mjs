/** The processors that executables are made for, as the compiler knows them. */

/** Not through a table, which the compiler believes to be needed on ARM; a static executable lies where it was linked to. */
const addressesInCode = ['-Xclang', '-mrelocation-model', '-Xclang', 'static']
/** Two thirds of the size. The C library, which is compiled as the executable is linked, cannot be in it. */
const thumb = ['-Xclang', '-target-feature', '-Xclang', '+thumb-mode', ...addressesInCode]

/**
 * Every target runs on the oldest processor of its name: armv7 on those with neither NEON nor division, arm on ARMv5
 * without floating point. mipsel computes floating point in software, since some of its processors have none.
 */
export const targets = {
  armv7: { triple: 'arm-linux-musleabihf', cpu: 'cortex_a8-neon-d32', code: thumb },
  arm: { triple: 'arm-linux-musleabi', cpu: 'arm926ej_s', code: addressesInCode },
  arm64: { triple: 'aarch64-linux-musl', cpu: 'generic' },
  x86_64: { triple: 'x86_64-linux-musl', cpu: 'x86_64' },
  mipsel: { triple: 'mipsel-linux-musl', cpu: 'mips32r2+soft_float' },
  riscv64: { triple: 'riscv64-linux-musl', cpu: 'baseline_rv64' },
}

/** The largest that a camera's executable may be; of the others none is larger by much. */
export const limitBytes = { armv7: 850_000, x86_64: 850_000 }
