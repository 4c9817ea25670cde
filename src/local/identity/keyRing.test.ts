import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KeyRing } from './keyRing.ts'

const own = { accessKeyId: 'AKIALOCALTEST', secretAccessKey: 'secret' }
const startMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

function ring() {
  const clock = { ms: startMs }
  const make = (keys = own) => new KeyRing(keys, () => clock.ms)
  return { clock, make, keys: make() }
}

describe('the keys that the endpoint accepts', () => {
  it('are its own, and those that it has given out, with their token and as long as they are good', () => {
    const { keys } = ring()
    assert.equal(keys.lookup(own.accessKeyId, ''), own)
    const temporary = keys.mint(6000)
    assert.equal(temporary.expiration.getTime(), Date.UTC(2026, 0, 2, 3, 4, 12))
    assert.match(temporary.accessKeyId, /^ASIALOCAL[A-Z2-7]{11}$/)
    assert.deepEqual(keys.lookup(temporary.accessKeyId, temporary.sessionToken), temporary)
    const another = keys.mint(6000)
    assert.notEqual(another.accessKeyId, temporary.accessKeyId)
    assert.notEqual(another.secretAccessKey, temporary.secretAccessKey)
  })

  it('are nothing else: not with another token, a forged one, or of another endpoint', () => {
    const { keys, make } = ring()
    const [one, two] = [keys.mint(6000), keys.mint(6000)]
    assert.equal(keys.lookup(one.accessKeyId, two.sessionToken), undefined)
    assert.equal(keys.lookup(one.accessKeyId, ''), undefined)
    assert.equal(keys.lookup('ASIALOCALWHOEVER', 'x'), undefined)
    const [content = '', seal = ''] = one.sessionToken.split('.')
    const later = Buffer.from(content, 'base64url')
      .toString()
      .replace(/"expiresMs":\d+/, '"expiresMs":9999999999999')
    const forged = `${Buffer.from(later).toString('base64url')}.${seal}`
    assert.equal(keys.lookup(one.accessKeyId, forged), undefined)
    const foreign = make({ ...own, secretAccessKey: 'another' })
    assert.equal(foreign.lookup(one.accessKeyId, one.sessionToken), undefined)
  })

  it('outlive a restart', () => {
    const { keys, make } = ring()
    const { accessKeyId, sessionToken, secretAccessKey } = keys.mint(6000)
    assert.equal(make().lookup(accessKeyId, sessionToken)?.secretAccessKey, secretAccessKey)
  })

  it('expire when they are told to, one or all of them; its own come back, and new ones are good', () => {
    const { clock, keys } = ring()
    const [one, two] = [keys.mint(6000), keys.mint(6000)]
    const isGood = (of: typeof one) =>
      Number(keys.lookup(of.accessKeyId, of.sessionToken)?.expiration?.getTime()) > clock.ms
    const isOwnGood = () => keys.lookup(own.accessKeyId, '')?.expiration === undefined
    keys.expire(one.accessKeyId)
    assert.deepEqual([isGood(one), isGood(two), isOwnGood()], [false, true, true])
    keys.expire(undefined)
    assert.deepEqual([isGood(one), isGood(two), isOwnGood()], [false, false, false])
    keys.renewOwn()
    clock.ms += 1
    assert.deepEqual([isGood(one), isGood(two), isOwnGood(), isGood(keys.mint(6000))], [false, false, true, true])
    keys.expire(own.accessKeyId)
    assert.equal(isOwnGood(), false)
  })
})
