/** The processors that executables are made for, as the compiler knows them. */

/** A static executable lies where it was linked to: addresses can stand in its code instead of in a table. */
const addressesInCode = ['-Xclang', '-mrelocation-model', '-Xclang', 'static']
/** Two thirds of the size. The C library, which is compiled as the executable is linked, cannot be in it. */
const thumb = ['-Xclang', '-target-feature', '-Xclang', '+thumb-mode']

/**
 * Every target runs on the oldest processor of its name: armv7 on those with neither NEON nor division, arm on ARMv5
 * without floating point, mipsel on MIPS32 release 2 without floating point: Ingenic's does not round between the
 * multiplication and the addition of one instruction.
 * `code` is what all is compiled with, `engineCode` the engine: mbedTLS has instructions that ARMv5's Thumb lacks.
 */
export const targets = {
  armv7: { triple: 'arm-linux-musleabihf', cpu: 'cortex_a8-neon-d32', code: [...addressesInCode, ...thumb] },
  arm: { triple: 'arm-linux-musleabi', cpu: 'arm926ej_s', code: addressesInCode, engineCode: thumb },
  arm64: { triple: 'aarch64-linux-musl', cpu: 'generic' },
  x86_64: { triple: 'x86_64-linux-musl', cpu: 'x86_64' },
  mipsel: { triple: 'mipsel-linux-musl', cpu: 'mips32r2+soft_float', code: addressesInCode },
  riscv64: { triple: 'riscv64-linux-musl', cpu: 'baseline_rv64' },
}

/** The largest that a camera's executable may be; MIPS has no short instructions. Of the others none is larger by much. */
export const limitBytes = { armv7: 850_000, x86_64: 850_000, mipsel: 1_050_000 }
