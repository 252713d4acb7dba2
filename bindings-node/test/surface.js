'use strict';

/**
 * What a module has, as its declarations say and as it is: two maps of one shape, and what differs.
 *
 * Called by `types.test.js`. A name in the maps is a path such as `Counter.inc`, `Counter::inc` (of instances) or
 * `Counter::labels()::inc` (of what a method gives); its value is the number of parameters, `Infinity` for any, or `null` for
 * what is no function. Names with an underscore are nobody's. Absent: what parameters mean.
 */

const ts = require('typescript5');

const OPTIONS = {
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2022,
  types: ['node'],
  strict: true,
};

const isPublic = (name) => !name.startsWith('_');

/** Each name of a declaration file, with its symbol. */
function* symbols(file) {
  const program = ts.createProgram([file], OPTIONS);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  for (const exported of checker.getExportsOfModule(module)) {
    const isAlias = exported.flags & ts.SymbolFlags.Alias;
    yield { checker, name: exported.name, symbol: isAlias ? checker.getAliasedSymbol(exported) : exported };
  }
}

function most(signatures) {
  const counts = signatures.map(({ declaration }) => {
    const parameters = declaration.parameters.filter(({ name }) => name.getText() !== 'this');
    return parameters.some(({ dotDotDotToken }) => dotDotDotToken) ? Infinity : parameters.length;
  });
  return counts.length > 0 ? Math.max(...counts) : null;
}

/**
 * What a declaration file says.
 * @param {string} file
 * @returns {Map<string, {count: number | null, isOptional: boolean}>}
 */
function declared(file) {
  const said = new Map();
  for (const { checker, name, symbol } of symbols(file)) {
    if (!(symbol.flags & ts.SymbolFlags.Value)) continue;
    const typeOf = (of) => checker.getTypeOfSymbol(of);
    const add = (path, member) => {
      const type = checker.getNonNullableType(typeOf(member));
      const calls = type.getCallSignatures();
      said.set(path, { count: most(calls), isOptional: Boolean(member.flags & ts.SymbolFlags.Optional) });
      return calls;
    };
    const addMembers = (path, type, separator) => {
      for (const member of checker.getPropertiesOfType(type)) {
        if (!isPublic(member.name) || member.name === 'prototype') continue;
        const given = add(`${path}${separator}${member.name}`, member)[0]?.getReturnType();
        // Objects of the package's own that methods give are looked at too.
        if (member.name === 'labels' || member.name === 'bind') {
          if (given) addMembers(`${path}${separator}${member.name}()`, given, '::');
        }
      }
    };
    const calls = add(name, symbol);
    const type = typeOf(symbol);
    if (symbol.flags & ts.SymbolFlags.Class) {
      said.set(name, { count: most(type.getConstructSignatures()) ?? 0, isOptional: false });
      addMembers(name, type, '.');
      addMembers(name, checker.getDeclaredTypeOfSymbol(symbol), '::');
    } else if (symbol.flags & ts.SymbolFlags.Function) {
      // Of a promise, what it is of.
      const given = checker.getAwaitedType(calls[0].getReturnType()) ?? calls[0].getReturnType();
      const isOurs = given.symbol?.declarations?.some(
        (at) => !/node_modules/.test(at.getSourceFile().fileName),
      );
      if (isOurs && given.symbol.flags & ts.SymbolFlags.Interface) addMembers(`${name}()`, given, '::');
    } else if (type.flags & ts.TypeFlags.Object && !(type.symbol?.flags & ts.SymbolFlags.Class)) {
      addMembers(name, type, '.');
    }
  }
  return said;
}

/** Whether a function reads what it is given without naming it. */
function hasArguments(node) {
  if (node === undefined) return false;
  if (ts.isIdentifier(node)) return node.text === 'arguments';
  // Those have their own.
  if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node))
    return false;
  return ts.forEachChild(node, hasArguments) ?? false;
}

/** The parameters of a function as its source has them. */
function countOf(fn) {
  const source = Function.prototype.toString.call(fn);
  const wrapped =
    /^(class|function|async function|\()/.test(source) || /^[\w$]+\s*=>/.test(source)
      ? `(${source})`
      : `({ ${source} })`;
  const file = ts.createSourceFile('x.js', wrapped, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  let node = file.statements[0].expression.expression;
  if (ts.isObjectLiteralExpression(node)) node = node.properties[0];
  if (ts.isClassExpression(node)) {
    node = node.members.find(ts.isConstructorDeclaration);
    const parent = Object.getPrototypeOf(fn);
    if (node === undefined) return parent === Function.prototype ? 0 : countOf(parent);
  }
  const isAny = node.parameters.some((parameter) => parameter.dotDotDotToken) || hasArguments(node.body);
  return isAny ? Infinity : node.parameters.length;
}

const isClass = (value) =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Names of an object and of what it inherits from, below `end`. */
function namesOf(object, end, except = []) {
  const names = new Set();
  for (let at = object; at !== null && at !== end; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (isPublic(name) && !except.includes(name)) names.add(name);
    }
  }
  return names;
}

/**
 * What a module is.
 * @param {object} module
 * @param {Record<string, object[]>} examples by path: instances of classes, and what methods give
 * @returns {Map<string, {count: number | null}>}
 */
function actual(module, examples) {
  const found = new Map();
  const add = (path, value) => {
    const count = typeof value === 'function' ? countOf(value) : null;
    const known = found.get(path)?.count;
    found.set(path, { count: typeof known === 'number' ? Math.max(known, count) : count });
  };
  for (const name of Object.keys(module)) {
    const value = module[name];
    add(name, value);
    // Functions in such an object need not take all that they are given.
    const isPlain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
    if (typeof value !== 'function' && !isPlain) continue;
    const end = isPlain ? Object.prototype : Function.prototype;
    for (const member of namesOf(value, end, ['length', 'name', 'prototype', 'constructor'])) {
      add(`${name}.${member}`, isPlain ? null : value[member]);
    }
    if (isClass(value) && !(examples[name]?.length > 0)) throw new Error(`no example of ${name}`);
  }
  for (const [path, objects] of Object.entries(examples)) {
    for (const object of objects) {
      for (const member of namesOf(object, Object.prototype, ['constructor'])) {
        add(`${path}::${member}`, object[member]);
      }
    }
  }
  return found;
}

/** What one of the two has and the other has not, and functions that take another number of parameters. */
function differences(said, is) {
  const found = [];
  for (const [path, { count }] of is) {
    if (!said.has(path)) found.push(`${path} is not declared`);
    else if (count !== null && said.get(path).count !== count) {
      found.push(`${path} takes ${count}, and ${said.get(path).count} are declared`);
    }
  }
  for (const [path, { isOptional }] of said) {
    if (!is.has(path) && !isOptional) found.push(`${path} is declared and not there`);
  }
  return found.sort();
}

/** Names of a declaration file that no comment says anything of. */
function undocumented(file) {
  const found = new Set();
  for (const { checker, name, symbol } of symbols(file)) {
    const look = (path, of) => {
      if (of.getDocumentationComment(checker).length > 0) return;
      // A constructor's comment is its parameters'.
      if (of.getJsDocTags(checker).length === 0) found.add(path);
    };
    look(name, symbol);
    const isDeclared = symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    for (const member of [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])]) {
      if (!isDeclared || member.flags & ts.SymbolFlags.TypeParameter || member.name === 'prototype') continue;
      look(`${name}.${member.name}`, member);
      if (member.flags & ts.SymbolFlags.Interface) {
        for (const [inner, of] of member.members) {
          if (!(of.flags & ts.SymbolFlags.TypeParameter)) look(`${name}.${member.name}.${inner}`, of);
        }
      }
    }
  }
  return [...found].sort();
}

module.exports = { actual, declared, differences, undocumented };
