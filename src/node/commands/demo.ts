import type { Command } from '../../cli/command.ts'
export const demoCommand: Command = {
  name: 'demo',
  summary: 'x',
  usage: '',
  options: [],
  notes: [],
  run: () => Promise.resolve(0),
}
