/**
 * Variables of blocks (let, const) as variables of functions (var), where both mean the same: at each use of the former the
 * engine checks that it has been reached, with an instruction that is longer and never joined with its neighbours.
 */
import ts from 'typescript'

/** `text`: one script. */
export function withPlainVariables(text) {
  const file = ts.createSourceFile('script.js', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS)
  const lists = nodesIn(file, isFunction).flatMap(plainLists)
  let plain = ''
  let done = 0
  for (const list of lists.sort((one, other) => one.getStart() - other.getStart())) {
    plain += `${text.slice(done, list.getStart())}var`
    done = list.getFirstToken().end
  }
  return plain + text.slice(done)
}

/** Declarations of one function, without those of the functions in it. */
function plainLists(owner) {
  const lists = nodesIn(owner, isBlockScoped).filter((list) => ownerOf(list) === owner)
  const uses = byText(nodesIn(owner, isVariable))
  const homes = byText(lists.flatMap(namesOf))
  return lists.filter((list) =>
    namesOf(list).every(({ text }) => meansTheSame(homes.get(text).map(listOf), uses.get(text), owner)),
  )
}

/** Whether one variable of the function can stand for those of the same name that `lists` declare, each in its block. */
function meansTheSame(lists, uses, owner) {
  const blocks = lists.map(blockOf)
  const isIn = (node, block) => block.pos <= node.pos && node.end <= block.end
  const isAlone = blocks.every((block) => blocks.filter((other) => isIn(block, other)).length === 1)
  if (!isAlone || !uses.every((use) => blocks.some((block) => isIn(use, block)))) return false
  const once = lists.length === 1 && !repeats(lists[0], owner)
  return once || (lists.every(isAlwaysSet) && uses.every((use) => ownerOf(use) === owner))
}

/** Whether each time that the declaration is reached gives the variable a value. */
function isAlwaysSet(list) {
  if (ts.isForInStatement(list.parent) || ts.isForOfStatement(list.parent)) return true
  return list.declarations.every(({ initializer }) => initializer !== undefined)
}

function repeats(list, owner) {
  return ts.findAncestor(list, (node) => (node === owner ? 'quit' : ts.isIterationStatement(node, false))) !== undefined
}

function blockOf(list) {
  return ts.findAncestor(
    list.parent,
    (node) => ts.isBlock(node) || ts.isCaseBlock(node) || ts.isIterationStatement(node, false),
  )
}

function ownerOf(node) {
  return ts.findAncestor(node.parent, (parent) => isFunction(parent) || ts.isPropertyDeclaration(parent))
}

function isFunction(node) {
  return ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)
}

function isBlockScoped(node) {
  return ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) !== 0
}

/** Also what may be the name of something else, which then only keeps a variable from being plain. */
function isVariable(node) {
  if (!ts.isIdentifier(node)) return false
  const { parent } = node
  return !(ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) || parent.name !== node
}

function namesOf(list) {
  const namesIn = (name) =>
    ts.isIdentifier(name) ? [name] : name.elements.flatMap((element) => (element.name ? namesIn(element.name) : []))
  return list.declarations.flatMap(({ name }) => namesIn(name))
}

const listOf = (name) => ts.findAncestor(name, ts.isVariableDeclarationList)

function nodesIn(node, belongs) {
  const found = []
  const visit = (child) => {
    if (belongs(child)) found.push(child)
    ts.forEachChild(child, visit)
  }
  ts.forEachChild(node, visit)
  return found
}

function byText(identifiers) {
  const groups = new Map()
  for (const identifier of identifiers) {
    groups.set(identifier.text, [...(groups.get(identifier.text) ?? []), identifier])
  }
  return groups
}
