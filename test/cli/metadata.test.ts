/** Metadata and events stand behind the cluster that they belong to. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredMedia } from '../../src/local/index.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { runKvs } from '../drive/kvs.ts'
import { samples } from '../drive/source.ts'

/** What of a fragment can be read as text. */
async function textOf(media: StoredMedia, index: number): Promise<string> {
  const fragment = media.fragments()[index]
  assert.ok(fragment !== undefined)
  const reader = await media.openFragment(fragment)
  const pieces: Uint8Array[] = []
  for await (const piece of reader.pieces()) pieces.push(piece)
  await reader.close()
  return Buffer.concat(pieces).toString('latin1')
}

test('--metadata is with every fragment, --event with the first', async (t) => {
  const endpoint = await startEndpoint(t)
  const args = [
    '-n',
    'told',
    '-d',
    samples,
    '-D',
    '5',
    '--metadata',
    'door=front',
    '--metadata',
    'floor=2',
    '--event',
    'both',
  ]
  const { status, stderr } = await runKvs(t, args, { env: endpoint.env })
  assert.equal(status, 0, stderr)
  const media = await endpoint.media('told')
  assert.ok(media.fragments().length >= 3)
  for (const index of media.fragments().keys()) {
    const text = await textOf(media, index)
    for (const word of ['door', 'front', 'floor']) assert.ok(text.includes(word), `${word} in fragment ${index}`)
    assert.equal(text.includes('AWS_KINESISVIDEO_IMAGE_GENERATION'), index === 0)
    assert.equal(text.includes('AWS_KINESISVIDEO_NOTIFICATION'), index === 0)
  }
})

test('metadata that the service would not take is refused before anything is sent', async (t) => {
  for (const given of ['AWS_x=1', `${'n'.repeat(129)}=1`, `n=${'v'.repeat(257)}`]) {
    const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
    const { status, stderr } = await runKvs(t, ['-d', samples, '--metadata', given], { env })
    assert.equal(status, 1, stderr)
    assert.match(stderr, /cure: use/)
  }
})
