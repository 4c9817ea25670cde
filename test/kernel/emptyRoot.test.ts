/** Nothing is needed beside the executable, and nothing is written: no /dev, no /proc, no /etc, no temporary folder. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccounted } from '../drive/bad.ts'
import { emptyRoot, inRoot, mediaInRoot, treeOf } from '../drive/emptyRoot.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { endOf, jsonLines, runKvs } from '../drive/kvs.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

describe('in an empty root', { concurrency: 2 }, () => {
  for (const readOnly of [true, false]) {
    test(readOnly ? 'read-only: it streams' : 'writable: nothing is written', async (t) => {
      // No file tells what "localhost" is there.
      const endpoint = await startEndpoint(t, { advertise: '127.0.0.1' })
      const folder = await emptyRoot(t, endpoint)
      const before = await treeOf(folder)
      const args = ['-n', 'empty', '-d', mediaInRoot, '-D', '3', '--json']
      const { status, stdout, stderr } = await runKvs(t, args, inRoot(folder, endpoint, { readOnly }))
      assert.deepEqual([status, stderr], [0, ''], stdout)
      await assertAccounted(endOf(jsonLines(stdout)), endpoint, 'empty')
      const expected = [await expectedVideo(samples, 'h264', 3000), await expectedAudio(samples, 'aac', 3000)]
      assertMedia(await storedClusters(await endpoint.media('empty')), expected)
      assert.deepEqual(await treeOf(folder), before)
    })
  }
})
