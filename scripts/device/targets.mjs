/** The processors that executables are made for, as the compiler knows them. */

/**
 * Every target runs on the oldest processor of its name: armv7 on those with neither NEON nor division, arm on ARMv5
 * without floating point. mipsel computes floating point in software, since some of its processors have none.
 */
export const targets = {
  armv7: { triple: 'arm-linux-musleabihf', flags: ['-mcpu=cortex_a8-neon-d32', '-mthumb'] },
  arm: { triple: 'arm-linux-musleabi', flags: ['-mcpu=arm926ej_s'] },
  arm64: { triple: 'aarch64-linux-musl', flags: [] },
  x86_64: { triple: 'x86_64-linux-musl', flags: ['-mcpu=x86_64'] },
  mipsel: { triple: 'mipsel-linux-musl', flags: ['-mcpu=mips32r2+soft_float'] },
  riscv64: { triple: 'riscv64-linux-musl', flags: [] },
}

/** The largest that a camera's executable may be; of the others none is larger by much. */
export const limitBytes = { armv7: 850_000, x86_64: 850_000 }
