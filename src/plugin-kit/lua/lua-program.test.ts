import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileLua } from './lua-program.ts'
import { fromScript, LuaTable, toScript, type LuaValue } from './values.ts'

const run = (source: string, globals: Readonly<Record<string, unknown>> = {}): readonly unknown[] =>
  compileLua(source, () => Date.UTC(2026, 0, 2, 3, 4, 5))
    .run(fromScript(globals) as LuaTable)
    .map((value) => toScript(value))

describe('compileLua › language', () => {
  it.each([
    ['return 1 + 2 * 3 ^ 2', [19]],
    ['return 2 ^ 3 ^ 2, -2 ^ 2, not nil == true', [512, -4, true]],
    ['return "a" .. "b" .. 1 + 1, 10 .. ""', ['ab2', '10']],
    ['return 7 % 3, -7 % 3, 7 / 2', [1, 2, 3.5]],
    ['return nil or "x", false and 1, 0 and "zero is true"', ['x', false, 'zero is true']],
    ['return 1 < 2, "a" < "b", 1 == "1", 1 ~= 1', [true, true, false, false]],
    ['return "10" + 5, "0x10" * 1', [15, 16]],
    ['return #"four", #{1, 2, 3}, #{}', [4, 3, 0]],
    ['return {1, 2, n = 3}', [{ 1: 1, 2: 2, n: 3 }]],
    ['return ({10, 20, 30})[2], {a = {b = 1}}', [20, { a: { b: 1 } }]],
    ['local t = {} t.x, t["y"] = 1, 2 return t.x + t.y', [3]],
    ['local a, b, c = (function() return 1, 2 end)() return a, b, c', [1, 2, undefined]],
    [
      'local a = ((function() return 1, 2 end)()) return a, select("#", (function() end)())',
      [1, 0],
    ],
    ['local function f(...) return select("#", ...), ... end return f(nil, 2)', [2, undefined, 2]],
    ['local s = 0 for i = 1, 10, 3 do s = s + i end return s', [22]],
    ['local s = 0 for i = 3, 1, -1 do s = s * 10 + i end return s', [321]],
    [
      'local s = "" for k, v in ipairs({"a", "b", nil, "d"}) do s = s .. k .. v end return s',
      ['1a2b'],
    ],
    ['local n = 0 while true do n = n + 1 if n == 5 then break end end return n', [5]],
    ['local n = 0 repeat local m = n n = n + 1 until m == 3 return n', [4]],
    ['local x = 1 do local x = 2 end return x', [1]],
    ['local x = 1 local x = x + 1 return x', [2]],
    ['if nil then return 1 elseif false then return 2 else return 3 end', [3]],
    [
      'local f = {} for i = 1, 3 do f[i] = function() return i end end return f[1](), f[3]()',
      [1, 3],
    ],
    [
      'local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(15)',
      [610],
    ],
    [
      'local t = {n = 1} function t:add(k) self.n = self.n + k return self end return t:add(2):add(3).n',
      [6],
    ],
    ['function a() return 1 end return a()', [1]],
    [
      'local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) return t.x, rawget(t, "x")',
      ['x!', undefined],
    ],
    ['local t = setmetatable({}, {__call = function(_, a) return a * 2 end}) return t(4)', [8]],
    [
      'return [[long\nline]], [==[with ]] in it]==], "\\65\\x42\\n"',
      ['long\nline', 'with ]] in it', 'AB\n'],
    ],
    ['-- comment\n--[[ long\n comment ]] return 1 -- end', [1]],
    ['return ("x"):rep(3), ("abc"):upper():lower()', ['xxx', 'abc']],
    ['local a = {1, 2, 3} a[#a + 1] = 4 a[2] = nil return #a, a[4]', [1, 4]],
    [
      'return tostring(1), tostring(1.5), tostring(1e15), tostring(1/3), tostring(-0.1), tostring(nil)',
      ['1', '1.5', '1e+15', '0.33333333333333', '-0.1', 'nil'],
    ],
    ['return given.a.b, given.list[2], type(given.none)', ['deep', 20, 'nil']],
  ])('runs %s', (source, expected) => {
    expect(run(source, { given: { a: { b: 'deep' }, list: [10, 20], none: null } })).toEqual(
      expected,
    )
  })

  it.each([
    ['return 1 +', `[string "return 1 +"]:1: unexpected symbol near '<eof>'`],
    ['if x then', `[string "if x then"]:1: 'end' expected near '<eof>'`],
    ['return "abc', `[string "return "abc"]:1: unfinished string near '<eof>'`],
    ['local 1 = 2', `'<name>' expected near '1'`],
    ['local 1x = 2', `malformed number near '1x'`],
    ['foo bar', `[string "foo bar"]:1: '=' expected near 'bar'`],
    ['if a != b then end', `'then' expected near '!'`],
    ['return f(', `unexpected symbol near '<eof>'`],
    ['return function(a, b,) end', `<name> or '...' expected near ')'`],
    ['for i do end', `'=' or 'in' expected near 'do'`],
    ['f() = 1', `unexpected symbol near '='`],
    ['(a) = 1', `syntax error near '='`],
    ['return 1 end', `'<eof>' expected near 'end'`],
    ['f "a" "b" 1', `unexpected symbol near '1'`],
    ['\n\nreturn $', `[string "..."]:3: unexpected symbol near '$'`],
    ['f(\n1', `[string "f(..."]:2: ')' expected (to close '(' at line 1) near '<eof>'`],
    ['if x then\n y()\n', `'end' expected (to close 'if' at line 1) near '<eof>'`],
    [
      'this line of a program is far longer than sixty letters are',
      `[string "this line of a program is far longer than six..."]:1: '=' expected near 'line'`,
    ],
    ['--[[ never closed', `unfinished long comment near '<eof>'`],
    ["x = '\\q'", `invalid escape sequence near '`],
    ['function f() return ... end', "cannot use '...' outside a vararg function near '...'"],
    [`return ${'('.repeat(500)}1${')'.repeat(500)}`, 'nested too deep'],
  ])('refuses %s', (source, message) => {
    expect(() => compileLua(source)).toThrow(message)
  })

  it.each([
    ['return nothing.here', "attempt to index 'nothing' (a nil value)"],
    ['nothing()', "attempt to call 'nothing' (a nil value)"],
    ['return 1 .. {}', 'attempt to concatenate a table value'],
    ['return {} + 1', 'attempt to perform arithmetic on a table value'],
    ['return 1 < "2"', 'attempt to compare number with string'],
    ['error("mine")', 'mine'],
    ['error({code = 7})', 'table'],
    ['return ("x"):rep(1e9)', 'limit of'],
    ['while true do end', 'limit of 1000000 steps'],
    ['pcall(function() while true do end end)', 'limit of'],
    ['local function f() return 1 + f() end return f()', 'stack overflow'],
    ['local s = "x" while true do s = s .. s end', 'limit of'],
    ['return string.find(string.rep("a", 300), string.rep("a*", 30) .. "b")', 'limit of'],
    ['return require("os")', "attempt to call 'require'"],
    ['return io.open("/etc/passwd")', "attempt to index 'io'"],
    ['return loadstring("return 1")', "attempt to call 'loadstring'"],
    ['return os.execute("id")', "attempt to call 'execute'"],
  ])('fails for %s', (source, message) => {
    expect(() => run(source)).toThrow(message)
  })

  it('does not keep globals from one run to the next', () => {
    const program = compileLua('seen = (seen or 0) + 1 return seen')
    expect([program.run(new LuaTable()), program.run(new LuaTable())]).toEqual([[1], [1]])
  })

  it('calls a function that a program returned', () => {
    const program = compileLua('local n = 0 return function(by) n = n + by return n end')
    const [count] = program.run(new LuaTable()) as [
      (args: readonly LuaValue[]) => readonly LuaValue[],
    ]
    program.call(count, [2])
    expect(program.call(count, [3])).toEqual([5])
  })
})

describe('compileLua › library', () => {
  it.each([
    ['return string.find("hello world", "o w"), string.find("a.b", ".", 1, true)', [5, 2, 2]],
    ['return string.find("abc", "b(.)")', [2, 3, 'c']],
    ['return string.match("key=value", "(%w+)=(%w+)")', ['key', 'value']],
    ['return string.match("  trim  ", "^%s*(.-)%s*$")', ['trim']],
    ['return string.match("hello", "()ll()")', [3, 5]],
    [
      'return string.match("THE (quick) fox", "%((%a+)%)"), string.match("f(a(b)c)", "%b()")',
      ['quick', '(a(b)c)'],
    ],
    ['return string.match("2026-01-02", "(%d+)-(%d+)-(%d+)")', ['2026', '01', '02']],
    [
      'return string.match("x", "y"), string.match("abc", "[^a]+"), string.match("a-z", "[%-z]+")',
      [undefined, 'bc', '-z'],
    ],
    ['return string.gsub("hello", "l", "L")', ['heLLo', 2]],
    ['return string.gsub("hello world", "(%w+)", "<%1>", 1)', ['<hello> world', 1]],
    ['return string.gsub("abc", "%w", {a = "1", b = true and "2"})', ['12c', 3]],
    [
      'return string.gsub("abc", "%w", function(c) if c == "b" then return "B" end end)',
      ['aBc', 3],
    ],
    ['return string.gsub("abc", "", "-")', ['-a-b-c-', 4]],
    [
      'local t = {} for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do t[k] = v end return t',
      [{ a: '1', b: '2' }],
    ],
    ['return string.gsub("THE (quick) fox", "%f[%a]%a+", "w")', ['w (w) w', 3]],
    ['return string.match("abcabc", "(abc)%1")', ['abc']],
    [
      'return string.format("%5.2f|%d|%s|%q|%x|%-4s|%04d|%%", 3.14159, 42, "x", "a\\"b", 255, "l", 7)',
      [' 3.14|42|x|"a\\"b"|ff|l   |0007|%'],
    ],
    ['return string.format("%g %g %e", 0.1, 1e20, 12345.678)', ['0.1 1e+20 1.234568e+04']],
    [
      'return string.sub("hello", 2, -2), string.sub("hello", -3), string.byte("A"), string.char(72, 105)',
      ['ell', 'llo', 65, 'Hi'],
    ],
    ['local t = {3, 1, 2} table.sort(t) return table.concat(t, ",")', ['1,2,3']],
    [
      'local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t, ",")',
      ['3,2,1'],
    ],
    [
      'local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return table.concat(t, ","), table.remove(t), table.remove(t, 1), #t',
      ['0,1,2,3', 3, 0, 2],
    ],
    ['return math.floor(1.7), math.max(1, 3, 2), math.huge > 1, math.abs(-1)', [1, 3, true, 1]],
    [
      'return tonumber("12"), tonumber("x"), tonumber("ff", 16), tonumber(" 1e2 ")',
      [12, undefined, 255, 100],
    ],
    ['return pcall(error, "x")', [false, 'x']],
    ['return pcall(function(a) return a, 2 end, 1)', [true, 1, 2]],
    ['local n = 0 for k in pairs({a = 1, b = 2, 3}) do n = n + 1 end return n', [3]],
    ['local t = {a = 1, b = 2} for k in pairs(t) do t[k] = nil end return next(t)', [undefined]],
    ['return unpack({1, 2, 3}, 2), select(2, "a", "b"), select(-1, "a", "b")', [2, 'b', 'b']],
    ['return os.time(), os.date("!%Y-%m-%d %H:%M:%S")', [1_767_323_045, '2026-01-02 03:04:05']],
    [
      'return type(nil), type(1), type("x"), type({}), type(print), type(type)',
      ['nil', 'number', 'string', 'table', 'nil', 'function'],
    ],
    ['return rawequal("a", "a"), assert(1, "no"), #table.concat({"a", 1})', [true, 1, 2]],
  ])('runs %s', (source, expected) => {
    expect(run(source)).toEqual(expected)
  })

  it('is not fooled by names of JavaScript', () => {
    expect(run('return constructor, __proto__, ({}).constructor, ("x").length')).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('LuaTable', () => {
  it('is a map, whatever is written to it', () => {
    const key = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom('a', 'b', true, 1.5))
    const value = fc.option(fc.integer(), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 60 }), (writes) => {
        const table = new LuaTable()
        const model = new Map<LuaValue, LuaValue>()
        for (const [at, written] of writes) {
          table.set(at, written)
          if (written === undefined) model.delete(at)
          else model.set(at, written)
        }
        for (const [at] of writes) expect(table.get(at)).toBe(model.get(at))
        const seen: LuaValue[] = []
        for (let at = table.next(undefined); at !== undefined; at = table.next(at)) seen.push(at)
        expect(new Set(seen)).toEqual(new Set(model.keys()))
        expect(seen).toHaveLength(model.size)
        const { length } = table
        expect(model.has(length + 1)).toBe(false)
        if (length > 0) expect(model.has(length)).toBe(true)
      }),
    )
  })
})
