/** What the build does to the script before the engine compiles it means the same. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../drive/folder.ts'

const { withPlainVariables } = (await load('plainVariables.mjs')) as { withPlainVariables(text: string): string }
const { withPlainFields } = (await load('plainFields.mjs')) as { withPlainFields(path: string, text: string): string }

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(join(root, 'scripts/device', name)).href)
}

test('variables of blocks become plain ones', () => {
  for (const [script, plain] of [
    ['function f(){const a=1;return a}', 'function f(){var a=1;return a}'],
    ['let f=()=>{switch(x){case 1:let r=1;return r}}', 'let f=()=>{switch(x){case 1:var r=1;return r}}'],
    ['function f(){let q;return()=>q}', 'function f(){var q;return()=>q}'],
    ['function f(){{let{a,b:[c]}=g();h(a,c)}}', 'function f(){{var{a,b:[c]}=g();h(a,c)}}'],
    ['function f(){for(let x of y)g(x);for(let x in y)g(x)}', 'function f(){for(var x of y)g(x);for(var x in y)g(x)}'],
    ['class A{static{let k=1;g(k)}x=()=>{let z;z=1}}', 'class A{static{var k=1;g(k)}x=()=>{var z;z=1}}'],
    ['function f(){for(;;){let q=g();h({q,r:1})}}', 'function f(){for(;;){var q=g();h({q,r:1})}}'],
  ] as const) {
    assert.equal(withPlainVariables(script), plain)
  }
})

test('variables of blocks stay where a plain one would be another', () => {
  for (const [why, script] of [
    ['a function keeps that of its turn', 'function f(){for(const x of y)g(()=>x)}'],
    ['a function keeps that of its block', 'function f(){if(x){let e=1;g(e)}else{let e=2;h(()=>e)}}'],
    ['it has no value at first, every time', 'function f(){for(;;){let q;g(q);q=1}}'],
    ['a parameter has its name', 'function f(a){{const a=1;g(a)}return a}'],
    ['a block outside has one of its name', 'function f(){let a=1;{let a=2;g(a)}return a}'],
    ['a loop outside has one of its name', 'function f(){for(let a of b){let a=1;g(a)}}'],
    ['one of the script has its name', 'function f(){g(e);{let e=1;g(e)}}'],
    ['a default of a parameter means another', 'function f(a=e){let e=1;return a+e}'],
    ['what is caught has its name', 'function f(){{let e=1;g(e)}try{}catch(e){h(e)}}'],
    ['it belongs to no function', 'let a=1;{let b=a;g(b)}'],
  ] as const) {
    assert.equal(withPlainVariables(script), script, why)
  }
})

test('private fields become plain ones, and what only a private one can do is refused', () => {
  assert.equal(withPlainFields('a.ts', 'class A { #a = 1; b = this.#a }'), 'class A { _a = 1; b = this._a }')
  assert.throws(() => withPlainFields('a.ts', 'class A { #a = 1; b = (x) => #a in x }'), /a\.ts:1: "in" needs/)
  assert.throws(() => withPlainFields('a.ts', 'class A extends B { #a = 1 }'), /a\.ts:1: a class that extends another/)
})
