import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes } from '../text.ts'
import { numberOf, objectOf, parseJsonObject, stringOf } from './json.ts'

test('only objects are taken, and nothing throws', () => {
  assert.deepEqual(parseJsonObject(utf8Bytes('{"a":1.705489836421E9,"b":null}')), { a: 1705489836.421, b: null })
  for (const text of ['', '[]', '1', '"a"', 'null', '{', '<a/>', '{"a":1}x']) {
    assert.equal(parseJsonObject(utf8Bytes(text)), undefined, text)
  }
})

test('members of another kind are as if missing', () => {
  for (const value of [undefined, null, '', 1, true, {}, []]) assert.equal(stringOf(value), undefined)
  for (const value of [undefined, null, '1', true, {}, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(numberOf(value), undefined)
  for (const value of [undefined, null, '1', 1, []]) assert.equal(objectOf(value), undefined)
  assert.equal(stringOf('a'), 'a')
  assert.equal(numberOf(0), 0)
})
