import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoSyntax } from './commands/demoSyntax.ts'
import { localSyntax } from './commands/localSyntax.ts'
import { needsNode } from './commands/needsNode.ts'
import { streamCommand } from './commands/stream.ts'
import { helpText } from './help.ts'

const commands = [streamCommand, needsNode(demoSyntax), needsNode(localSyntax)]

test('no line of a help is wider than a terminal', () => {
  for (const command of commands) {
    for (const line of helpText(command, commands).split('\n')) assert.equal(line.length <= 80, true, line)
  }
})

test('every option has two spaces at least between its name and its text', () => {
  for (const command of commands) {
    const lines = helpText(command, []).split('\n')
    for (const { name, value, help } of command.options) {
      const label = `--${name}${value === undefined ? '' : ` ${value}`}`
      const at = lines.findIndex((line) =>
        line
          .trimStart()
          .replace(/^-\w, /, '')
          .startsWith(label),
      )
      const text = (lines[at] ?? '').slice((lines[at] ?? '').indexOf(label) + label.length)
      const word = help.split(' ')[0] ?? ''
      if (text === '') assert.equal(lines[at + 1]?.startsWith(`${' '.repeat(28)}${word}`), true, label)
      else assert.equal(text.startsWith('  ') && text.trimStart().startsWith(word), true, lines[at])
    }
  }
})

test('a name that does not leave two spaces has a line of its own', () => {
  const syntax = { name: 'x', summary: 'Does.', usage: '', notes: [] }
  const lines = (letters: number) => {
    const command = needsNode({ ...syntax, options: [{ name: 'o'.repeat(letters), help: 'text' }] })
    return helpText(command, []).split('\n').slice(5, -1)
  }
  assert.deepEqual(lines(18), [`      --${'o'.repeat(18)}  text`])
  for (const letters of [19, 20, 21]) {
    assert.deepEqual(lines(letters), [`      --${'o'.repeat(letters)}`, `${' '.repeat(28)}text`])
  }
})

test('the list of commands says that they need Node.js', () => {
  const text = helpText(streamCommand, commands)
  assert.match(text, /\nCommands \(with Node\.js\):\n {2}kvs demo {2}.+\n(.+\n)* {2}kvs local {2}/)
})
