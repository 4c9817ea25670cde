/** A process that fills the spool in the folder given, until it is killed. */

import { writeSync } from 'node:fs'
import { Spool } from '../../core/buffer/spool/spool.ts'
import { fillSpool } from '../../core/buffer/spool/testing/killedSpool.ts'
import { storage } from '../storage.ts'

const [directory = ''] = process.argv.slice(2)
// At once, as what is said last counts.
fillSpool(new Spool({ storage, directory, capacityBytes: 1e9 }), (text) => writeSync(1, text))
