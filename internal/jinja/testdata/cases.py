"""The cases of the corpus, by group. record.py adds the answers."""

VARS = {
    "name": "kafka", "n": 7, "f": 2.5, "t": True, "z": None, "empty": "", "text": "The quick brown fox jumps over the lazy dog",
    "l": [3, 1, 2], "words": ["banana", "Apple", "cherry"], "d": {"b": 1, "a": {"c": [1, {"x": "y"}]}, "keys": "shadow"},
    "users": [{"name": "ann", "age": 30, "tags": ["x", "y"]}, {"name": "Bob", "age": 25, "tags": []}, {"name": "cid", "age": 30, "tags": ["y"]}],
    "multi": "line one\nline two\n\nline four", "uni": "héllo wörld ß 日本", "html": "<a href=\"x\">Tom & 'Jerry'</a>", "big": 10**30,
    "nested": [[1, 2], [3, [4, 5]]], "neg": -17, "path": "/usr/local/kafka", "mixed": [1, "a", 2.5, None, True], "bools": [True, False, 0, 1, "", "x"],
}


def lines(text):
    return [line for line in text.strip("\n").split("\n") if line.strip()]


def expressions(text):
    """Each line is one expression, recorded as a template of it."""
    return [{"kind": "template", "source": "{{ " + line + " }}", "vars": VARS} for line in lines(text)]


def bare(text):
    return [{"kind": "expression", "source": line, "vars": VARS} for line in lines(text)]


def templates(*sources, options=None):
    out = []
    for source in sources:
        case = {"kind": "template", "source": source, "vars": VARS}
        if options:
            case["options"] = options
        out.append(case)
    return out


def files(source, options=None, **named):
    case = {"kind": "template", "source": source, "vars": VARS, "files": {k.replace("_", ".", 1): v for k, v in named.items()}}
    if options:
        case["options"] = options
    return [case]


GROUPS = {
    "literals": expressions(r"""
1
-1
1_000
0x1F
0o17
0b101
1.5
1e3
1.5e-7
1e16
1e15
123456789012345678901234567890
'a' 'b' "c"
'it\'s'
"tab\there"
'\x41\u00e9\U0001F600'
'\q'
'\101'
[1, 2, 3,]
[]
()
(1,)
1, 2
(1, 2)
{}
{'a': 1, 'b': [1, 2], 3: 'x'}
{'a': 1, 'a': 2}
{1: 'a', True: 'b', 1.0: 'c'}
true
True
none
None
[true, none, 1.0, 'x']
{'k': {'k': {'k': none}}}
'日本' ~ "é"
1.0
0.1 + 0.2
1/3
100000000000000000000.0
1e22
0.0001
0.00001
-0.0
3.0e-10
'a"b'
['a"b', "it's", 'both\'"', 'new\nline', '\x00', '\x7f', 'é', '\u200b']
{'nested': ['x', (1, 2)]} | string
((1, 2), (3,)) | string
""") + bare(r"""
'\\d+'
"a\\b"
1 +
(1
]
'unclosed
a b
1 2
{'a' 1}
[1 2]
foo(
x |
x is
not
* 2
1 if
""") ,
    "operators": expressions(r"""
1 + 2 * 3
(1 + 2) * 3
7 / 2
6 / 2
7 // 2
-7 // 2
7 % 3
-7 % 3
7 % -3
7.5 // 2
7.5 % 2
-7.5 % 2
2 ** 10
2 ** 3 ** 2
2 ** -1
2 ** 100
big + 1
big * big
big // 7
big % 7
-big
9223372036854775807 + 1
-9223372036854775807 - 2
4611686018427387904 * 2
4611686018427387904 * -2
9223372036854775808 - 1
1 + 1.5
1 + true
'a' + 'b'
'ab' * 3
3 * 'ab'
'ab' * 0
'ab' * -1
[1] + [2]
[1, 2] * 2
(1,) + (2,)
'a' + 1
1 + 'a'
[1] + (2,)
none + 1
1 / 0
1 // 0
1 % 0
1.0 / 0
1.0 // 0
1 ~ 2
'a' ~ 1 ~ none ~ true
1 ~ [1, 'x'] ~ {'a': 1}
1 == 1.0
1 == true
'1' == 1
[1, 2] == [1, 2]
(1, 2) == [1, 2]
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
1 != 2
1 < 2
2 <= 2
3 > 2
3 >= 4
1 < 2 < 3
1 < 3 < 2
'a' < 'b'
'a' < 1
[1, 2] < [1, 3]
none < 1
1 in [1, 2]
'a' in 'abc'
1 in 'abc'
'b' in d
'zz' not in d
1 not in [2]
1 in 5
not true
not 0
true and false
1 and 2
0 and 2
0 or 'x'
'' or none
not true or true
true or false and false
1 if true else 2
1 if false else 2
1 if false
'a' if n > 5 else 'b' if n > 3 else 'c'
-n
+n
- -1
-f
-'a'
+'a'
not []
n + 1 == 8
n * 2 + 1
1 + 2 ~ 3
2 * 3 ~ 4
10 - 2 - 3
2 - -2
n is defined and n > 3
-1 | abs
(-1) | abs
1 in [1] == true
n == 7 and name == 'kafka'
'%s-%d' % ('a', 3)
'%05.2f' % 3.14159
'%x %X %o' % (255, 255, 8)
'%10s|%-10s|' % ('a', 'b')
'%(a)s %(b)d' % {'a': 1, 'b': 2}
'%s' % [1, 2]
'%r' % 'x'
'%%' % ()
'%s %s' % 'a'
'%s' % ('a', 'b')
'%d' % 'x'
'%d' % 3.9
'%e' % 12345.678
'%g' % 0.00001
'%g' % 1234567
'%+d % d' % (3, 4)
'%#x' % 255
'%c%c' % (65, 'b')
'%.3s' % 'abcdef'
'%*d' % (5, 42)
big == 10 ** 30
1.5 == 1.5
1 is eq 1
10 ** 20
10 ** -2
0 ** 0
2.0 ** 0.5
7 // 2.0
1e308 * 10
true + true
'x' in ['x', 'y'] and 'z' not in ['x']
l[0] + l[-1]
""") + bare(r"""
n == 7
n > 3 and name == 'kafka'
undefinedvar is defined
undefinedvar is not defined
undefinedvar
undefinedvar == 1
undefinedvar.foo.bar | default('x')
not t
name in ['kafka', 'zk']
name is nosuchtest
n in l
n not in l
d.a.c[1].x == 'y'
l | length == 3
(l | length) > 2
"{{ n }}"
[]
''
0
""") ,
    "access": expressions(r"""
d.b
d['b']
d.a.c[1].x
d['a']['c'][0]
d.a.c.1.x
d.keys
d.keys()
d.items()
d.values()
d.get('b')
d.get('zz')
d.get('zz', 5)
d['keys']
l[0]
l[-1]
l[5]
l['x']
l.0
l[1:]
l[:1]
l[::-1]
l[::2]
l[-2:]
l[5:]
l[:]
l[::0]
l['a':]
name[0]
name[-1]
name[1:3]
name[::-1]
uni[1]
uni[::-1]
uni[6:]
uni | length
(1, 2, 3)[1:]
undefinedvar
undefinedvar.x
undefinedvar['x']
undefinedvar.x.y.z
undefinedvar.x.y.z | default('dflt')
d.missing
d.missing.more | default('dflt')
d.b.missing
d.b.missing | default('q')
z.foo
z.foo | default('none has no foo')
n.foo | default(1)
name.foo | default(1)
name.upper()
name.upper().lower()
name.nomethod()
undefinedvar()
undefinedvar() | default('x')
n()
d.a.c | length
users[0].name
users[0]['tags'][1]
users[-1].age + 1
[1, [2, 3]][1][0]
{'a': {'b': 1}}.a.b
{'a': 1}['b'] | default('nob')
'abc'[1]
'abc'[10] | default('out')
nested[1][1][0]
d.a.c[0:1]
users | map(attribute='name') | list
[undefinedvar, 1] | length
[undefinedvar, 1] | first | default('u')
[undefinedvar, 1] | join(',')
[1, undefinedvar]
{'a': undefinedvar}.a | default('d')
undefinedvar | upper | default('u')
undefinedvar | int
undefinedvar | default(undefinedvar2) | default('x')
undefinedvar ~ 'x'
undefinedvar + 1
undefinedvar is defined
undefinedvar.x is defined
d.a.zz is defined
d.a.c is defined
undefinedvar is undefined
not undefinedvar
undefinedvar and true
true or undefinedvar
false and undefinedvar
undefinedvar or true
undefinedvar == 1
undefinedvar in [1]
1 in undefinedvar
undefinedvar if undefinedvar is defined else 'no'
[x for x in l]
n.bit_length()
n.__and__(3)
n.__lshift__(2)
f.is_integer()
""") ,
    "strings": expressions(r"""
name.upper()
'Hello World'.split()
'a,b,,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
'  a  b c '.split()
' a b  c d'.split(none, 2)
' a b  c d '.rsplit(none, 2)
'a b'.split(sep=' ', maxsplit=1)
'a'.split('')
''.split()
''.split(',')
multi.splitlines()
multi.splitlines(true)
'a\r\nb\rc\x0bd'.splitlines()
'  x '.strip()
'xxaxx'.strip('x')
'xyzabc'.lstrip('zyx')
'abcxyz'.rstrip('zyx')
'kafka'.startswith('ka')
'kafka'.startswith(('zk', 'ka'))
'kafka'.startswith('f', 2)
'kafka'.endswith('ka')
'kafka'.endswith('af', 0, 3)
'hello world'.title()
"they're bill's".title()
'hELLO'.capitalize()
'Hello'.swapcase()
'ß'.upper()
'STRASSE'.lower()
'a-b-c'.replace('-', '+')
'a-b-c'.replace('-', '+', 1)
'abc'.replace('', '.')
'hello'.find('l')
'hello'.find('z')
'hello'.rfind('l')
'hello'.index('l')
'hello'.index('z')
'hello'.rindex('l')
'hello'.find('l', 3)
'hello'.find('l', -2)
'hello'.count('l')
'aaa'.count('aa')
'héllo'.find('l')
','.join(['a', 'b'])
','.join([1, 2])
','.join('abc')
'{} {}'.format('a', 1)
'{0} {1} {0}'.format('a', 1)
'{x} {y:>5}'.format(x=1, y='b')
'{:05d}|{:<6}|{:^7}|{:+.2f}'.format(42, 'ab', 'mid', 3.14159)
'{:,} {:_} {:x} {:#x} {:b} {:o}'.format(1234567, 1234567, 255, 255, 5, 8)
'{:.3} {:e} {:%} {:g}'.format('abcdef', 12345.678, 0.256, 0.0001)
'{!r} {!s}'.format('x', 'y')
'{0[a]} {0[b][1]}'.format({'a': 1, 'b': [1, 2]})
'{{}}'.format()
'{} {}'.format('a')
'{x}'.format()
'{:*^9}'.format('x')
'{:>{w}}'.format('x', w=5)
'{:010.3f}'.format(-3.14159)
'{:,.2f}'.format(1234567.891)
'{:d}'.format('x')
'{'.format()
'{a}'.format_map({'a': 1})
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
'42'.zfill(5)
'-42'.zfill(5)
'a'.ljust(4) ~ '|'
'a'.rjust(4, '.')
'a'.center(4, '.')
'ab'.center(5, '.')
'abc'.center(6, '.')
'123'.isdigit()
''.isdigit()
'12a'.isdigit()
'abc'.isalpha()
'abc1'.isalnum()
'ABC'.isupper()
'A1'.isupper()
'1'.isupper()
'abc'.islower()
' '.isspace()
'Hello World'.istitle()
'a_b1'.isidentifier()
'abc'.encode().decode()
'é'.encode('utf-8').decode('utf-8')
'é'.encode('ascii')
'a\tb'.expandtabs()
'a\tb'.expandtabs(4)
'unhappy'.removeprefix('un')
'file.txt'.removesuffix('.txt')
'x'.nosuch()
'abc'.upper(1)
'İ'.lower() | length
'ab'.isdecimal()
'HÉLLO'.casefold()
'hello'.startswith(1)
[1, 2, 3].index(2)
[1, 2, 1].count(1)
[1, 2].copy()
(1, 2, 1).count(1)
(1, 2).index(2)
[1].index(5)
{'a': 1}.copy()
'abc'.strip(none)
'%s' | format('x')
'%s %s' | format('x', 1)
'%(a)s' | format(a=1)
'%.2f' | format(3.14159)
'%d%%' | format(50)
'ab' 'cd' | upper
"""),
    "filters_text": expressions(r"""
name | upper
name | lower
'hello world' | capitalize
'hello wORLD-foo (bar) x_y' | title
"it's a <b>test" | title
' x ' | trim
'xxaxx' | trim('x')
'a' | center(5) ~ '|'
'ab' | center(7) ~ '|'
'a b a' | replace('a', 'z')
'a b a' | replace('a', 'z', 1)
12 | replace(1, 3)
text | truncate(20)
text | truncate(20, true)
text | truncate(20, false, '…')
text | truncate(40)
text | truncate(42)
text | truncate(20, leeway=0)
text | truncate(2)
text | wordwrap(15)
text | wordwrap(15, wrapstring='|')
'a-very-long-hyphenated-word here' | wordwrap(10)
'averyveryverylongword here' | wordwrap(8)
'averyveryverylongword here' | wordwrap(8, false)
'foo--bar baz---qux' | wordwrap(6)
multi | wordwrap(6)
'well-known state-of-the-art x-y a-b' | wordwrap(8, break_on_hyphens=false)
text | wordcount
'' | wordcount
uni | wordcount
multi | indent
multi | indent(2)
multi | indent(2, true)
multi | indent(2, true, true)
multi | indent('> ')
multi | indent(width=3, first=true)
'a\n' | indent(2)
5 | indent
html | escape
html | e
html | striptags
'<p>a   b</p>\n<!-- c --> &amp; d' | striptags
html | forceescape
'a b/c?d=é&x' | urlencode
{'a': 'b c', 'd/e': 1} | urlencode
[('x', 1), ('y', 'a&b')] | urlencode
'see http://example.com/x and www.foo.org, or a@b.com (https://x.org/a).' | urlize
'https://example.com/averylongpathindeed' | urlize(20)
'http://example.com' | urlize(nofollow=true, target='_blank')
'mailto:x@y.org ftp://foo.bar' | urlize(extra_schemes=['ftp://'])
{'class': 'a b', 'id': none, 'x': 1, 'q': '"<'} | xmlattr
{'class': 'a'} | xmlattr(false)
{'a b': 1} | xmlattr
{} | xmlattr
'a' | string
1 | string
none | string
[1, 'a'] | string
true | string
1.0 | string
'x' | list
'abc' | reverse
'abc' | first
'abc' | last
'' | first
'abc' | length
5 | length
none | length
'<x>' | safe
'ab' | batch(1) | list
uni | upper
uni | title
uni | capitalize
d | tojson
users | tojson
users | tojson(indent=2)
"</script>&'" | tojson
[1.0, 1e20, 'é\n', none, true] | tojson
{'b': 1, 'a': 2} | tojson
{1: 'x', 'a': 2} | tojson
d | pprint
users | pprint
['a' * 30, 'b' * 30, 'c' * 30] | pprint
{'k': 'word ' * 30} | pprint
'word ' * 30 | pprint
('word ' * 30) | pprint
[['x' * 40, 'y' * 40], {'a': 'z' * 50, 'b': ('q' * 40, 'r' * 40)}] | pprint
1 | filesizeformat
0 | filesizeformat
999 | filesizeformat
1000 | filesizeformat
1024 | filesizeformat(true)
1536000 | filesizeformat
123456789012 | filesizeformat
123456789012 | filesizeformat(binary=true)
'1e30' | float | filesizeformat
'x' | filesizeformat
'a' | nosuchfilter
'a' | upper(1)
name | ansible.builtin.upper
""".replace("name | ansible.builtin.upper\n", "")),
    "filters_seq": expressions(r"""
l | sort
l | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
mixed | sort
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name', reverse=true) | map(attribute='name') | list
users | sort(attribute='missing')
d | dictsort | map('first') | list
{'b': 1, 'A': 3, 'c': 2} | dictsort
{'b': 1, 'A': 3, 'c': 2} | dictsort(true)
{'b': 1, 'A': 3, 'c': 2} | dictsort(false, 'value')
{'b': 1, 'A': 3, 'c': 2} | dictsort(by='value', reverse=true)
{'b': 1} | dictsort(by='x')
5 | dictsort
['a', 'A', 'b', 'a'] | unique
['a', 'A', 'b', 'a'] | unique(case_sensitive=true)
users | unique(attribute='age') | map(attribute='name')
[[1], [1]] | unique
[1, true, 1.0] | unique
l | min
l | max
words | min
words | max(case_sensitive=true)
users | max(attribute='age')
[] | min
[] | max | default('none')
l | sum
[0.1] * 3 | sum
([0.1] * 3) | sum
users | sum(attribute='age')
l | sum(start=10)
['a'] | sum
[[1], [2]] | sum(start=[])
users | groupby('age')
users | groupby('age') | map(attribute='grouper') | list
users | groupby('age') | map(attribute='list') | map('length') | list
users | groupby('age') | map('last') | map('length') | list
users | groupby('name') | map('first') | list
[{'k': 'a'}, {'k': 'A'}, {'k': 'b'}] | groupby('k') | map('first') | list
[{'k': 'a'}, {'k': 'A'}, {'k': 'b'}] | groupby('k', case_sensitive=true) | map('first') | list
[{'k': 'a'}, {}] | groupby('k')
[1, 2, 3, 4, 5] | batch(2)
[1, 2, 3, 4, 5] | batch(2, 'x')
[1, 2, 3, 4, 5] | slice(2)
[1, 2, 3, 4, 5] | slice(3, 'x')
[1, 2, 3, 4, 5, 6, 7] | slice(3)
l | first
l | last
[] | first
[] | last | default('e')
d | first
l | join
l | join('-')
mixed | join(',')
users | join(', ', attribute='name')
words | join(', ')
'abc' | join('.')
[[1, 2], (3,)] | join(' ')
d | join(',')
l | reverse
l | reverse | list
'abc' | list
d | list
{'a': 1}.items() | list
{'a': 1} | items
5 | items
l | map('string') | list
words | map('upper') | join
words | map('replace', 'a', 'X') | list
users | map(attribute='tags') | list
users | map(attribute='tags.0', default='-') | list
users | map(attribute='nope') | list
users | map(attribute='nope', default='x') | list
nested | map(attribute=0) | list
nested | map(attribute='1') | list
words | map('nosuch') | list
l | map | list
[] | map('upper') | list
bools | select | list
bools | reject | list
[1, 2, 3, 4] | select('odd') | list
[1, 2, 3, 4] | reject('odd') | list
[1, 2, 3, 4] | select('divisibleby', 2) | list
[1, 2, 3, 4] | select('gt', 2) | list
[1, 2, 3, 4] | select('in', [2, 3]) | list
users | selectattr('age', 'eq', 30) | map(attribute='name') | list
users | selectattr('tags') | map(attribute='name') | list
users | rejectattr('tags') | map(attribute='name') | list
users | selectattr('name', 'equalto', 'Bob') | list
users | selectattr('nope', 'defined') | list
users | rejectattr('nope', 'defined') | list | length
users | selectattr('nope') | list
users | selectattr('tags', 'contains', 'y') | map(attribute='name') | list
mixed | select('string') | list
mixed | select('number') | list
mixed | select('none') | list
l | length
d | count
users | length
undefinedvar | default('x')
empty | default('x')
empty | default('x', true)
empty | d('x', boolean=true)
z | default('x')
z | default('x', true)
0 | default(5, true)
n | default(1)
l | random is number
range(5) | list
range(2, 8, 3) | list
range(5, 0, -2) | list
range(0) | list
range(1, 2, 0)
range('a')
range()
dict(a=1, b=2)
dict([('x', 1)], y=2)
dict({'a': 1}, b=3)
namespace(a=1).a
{'a': 1} | attr('a') | default('noattr')
name | attr('upper')
l | nosuch
l | sort | first
(l | sort)[0]
l | sort[0]
[3, 'a'] | max
[(2, 'b'), (1, 'z')] | sort
[[2, 1], [1, 5]] | min
l | list | length > 2
"""),
    "numbers": expressions(r"""
'42' | int
'42.7' | int
'x' | int
'x' | int(5)
'x' | int(default=-1)
'ff' | int(base=16)
'0xff' | int(0, 16)
'0b11' | int(0, 2)
' 7 ' | int
'1_000' | int
'-5' | int
3.99 | int
-3.99 | int
none | int
true | int
[] | int
'1e3' | int
'inf' | int
'99999999999999999999' | int
'3.5' | float
'x' | float
'x' | float(1.5)
7 | float
none | float
'1e400' | float
'nan' | float
'  2.5 ' | float
-5 | abs
-5.5 | abs
'x' | abs
2.5 | round
3.5 | round
2.675 | round(2)
42.55 | round(1)
42.55 | round(1, 'floor')
42.51 | round(1, 'ceil')
42.55 | round | int
7 | round
1234 | round(-2)
1250.0 | round(-2)
2.5 | round(0, 'ceil')
-2.5 | round(0, 'floor')
1 | round(1, 'x')
'x' | round
10 | round(2, 'floor')
1234.5 | round(-2, 'floor')
1e16 | string
1e15 | string
123456.789 | string
1e-5 | string
0.1 | string
1.10 | string
100.0 | string
5e-324 | string
1.7976931348623157e308 | string
big | string
big / 3
big | float
7 is odd
7 is even
7 is divisibleby(7)
7 is divisibleby 7
7 is not divisibleby 2
n is number
f is number
t is number
name is number
n is integer
t is integer
f is float
n is float
t is boolean
n is boolean
t is true
t is false
n is true
name is string
n is string
d is mapping
l is mapping
l is sequence
name is sequence
d is sequence
n is sequence
l is iterable
n is iterable
z is none
n is none
z is not none
name is lower
name is upper
n is lower
'upper' is filter
'nosuch' is filter
'odd' is test
range is callable
n is callable
n is sameas n
none is sameas none
1 is sameas true
'a' is in 'abc'
3 is in l
3 is in(l)
9 is not in l
n is eq 7
n is equalto 7
n is ne 8
n is gt 5
n is greaterthan 5
n is ge 7
n is lt 8
n is lessthan 8
n is le 7
n is nosuchtest
html is escaped
1 is odd and 2 is even
n is divisibleby 7 and n > 1
n is defined and not z
2.5 + 1
1.1 * 3
1e3
3 - 0.1
0.1 + 0.7
1 / 10
2 ** 0.5
10 // 3.0
17 % 5.5
1.0 == 1
'10' | int + 5
('10' | int) + 5
5 | string + '5'
"""),
    "statements": templates(
        "plain text", "", "a{{ n }}b", "{{ n }}", "{{ n }} ", "{{ l }}{{ n }}", "{{ none }}", "{{ none }}x", "a{{ none }}b", "{{ none }}{{ n }}", "{{ '' }}{{ n }}", "{{ (1, 2) }}x",
        "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}", "{% if z %}x{% endif %}", "{% if l %}{{ l }}{% endif %}", "{% if undefinedvar %}x{% endif %}",
        "{% if undefinedvar is defined %}x{% else %}y{% endif %}",
        "{% for x in l %}{{ x }}{% endfor %}", "{% for x in l %}{{ x }},{% endfor %}", "{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "{% for x in [5] %}{{ x }}{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }} {% endfor %}", "{% for k, v in d | dictsort %}{{ k }} {% endfor %}",
        "{% for x in l %}{{ loop.index }}/{{ loop.length }}:{{ x }} {{ loop.first }} {{ loop.last }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }};{% endfor %}",
        "{% for x in l %}{{ loop.previtem | default('-') }}<{{ x }}>{{ loop.nextitem | default('-') }} {% endfor %}",
        "{% for x in [1,1,2,2,1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}", "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
        "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}", "{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}",
        "{% for a, b in [(1, 2), (3, 4)] %}{{ a }}-{{ b }} {% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1,2,3)] %}{% endfor %}",
        "{% for x in n %}{% endfor %}", "{% for x in undefinedvar %}{% endfor %}", "{% for c in 'abc' %}[{{ c }}]{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
        "{% for x in nested recursive %}[{% if x is sequence %}{{ loop(x) }}{% else %}{{ x }}{% endif %}]{% endfor %}",
        "{% for x in nested recursive %}{{ loop.depth }}{% if x is iterable %}({{ loop(x) }}){% endif %}{% endfor %}",
        "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}", "{% for x in l %}{% set y = x %}{% endfor %}{{ y | default('unset') }}",
        "{% set y = 0 %}{% for x in l %}{% set y = x %}{% endfor %}{{ y }}", "{% set ns = namespace(t=0) %}{% for x in l %}{% set ns.t = ns.t + x %}{% endfor %}{{ ns.t }}", "{% set n.x = 1 %}",
        "{% for x in l %}{{ y | default('-') }}{% set y = x %}{{ y }}{% endfor %}",
        "{% set a = 1 %}{{ a }}", "{% set a, b = 1, 2 %}{{ a + b }}", "{% set a = 1, 2 %}{{ a }}", "{% set a %}x{{ n }}y{% endset %}{{ a }}", "{% set a %}{{ l }}{% endset %}{{ a }}", "{% set a | upper %}abc{% endset %}{{ a }}",
        "{% set a %}{% endset %}{{ a }}", "{% if true %}{% set q = 5 %}{% endif %}{{ q }}", "{% set n = n + 1 %}{{ n }}", "{% set l2 = l + [4] %}{{ l2 }}{{ l }}",
        "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "{% with a = 1 %}{% set a = 2 %}{{ a }}{% endwith %}{{ a | default('gone') }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}", "{% with a = n, b = a | default('na') %}{{ b }}{% endwith %}",
        "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=1, a=5) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(a) %}{{ a | default('d') }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m() %}x{% endmacro %}{{ m(1) }}", "{% macro m() %}x{% endmacro %}{{ m(a=1) }}", "{% macro m(x) %}{{ [x] }}{% endmacro %}{{ m(1) }}",
        "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{% endmacro %}[{{ m() }}]", "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
        "{% macro m() %}{{ n }}{% endmacro %}{% set n = 99 %}{{ m() }}", "{% macro m() %}{{ caller() }}!{% endmacro %}{% call m() %}body{% endcall %}", "{% macro m(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) m(1) %}{{ a }}+{{ b }}{% endcall %}",
        "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m(a,b) %}{% endmacro %}{{ m.name }} {{ m.arguments | join(',') }}",
        "{% macro outer() %}{% set v = 1 %}{% macro inner() %}{{ v }}{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}",
        "{% filter upper %}abc{{ name }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aaa{% endfilter %}", "{% raw %}{{ x }}{% y %}{% endraw %}", "a {%- raw -%}  {{ x }}  {%- endraw -%} b", "{# comment #}x", "a{# multi\nline #}b", "{#- x -#}",
        "{% block a %}x{{ n }}{% endblock %}", "{% block a %}x{% endblock %}{{ self.a() }}", "{% for i in l %}{% block b scoped %}{{ i }}{% endblock %}{% endfor %}", "{% for i in l %}{% block b %}{{ i | default('-') }}{% endblock %}{% endfor %}",
        "{% autoescape false %}{{ html }}{% endautoescape %}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}",
        "{% set x = [] %}{% set _ = x.append(1) %}{% set _ = x.append(2) %}{{ x }}", "{% set _ = l.append(9) %}{{ l }}", "{% set _ = d.update({'q': 1}) %}{{ d.q }}", "{% set x = {} %}{% set _ = x.update(a=1) %}{{ x }}", "{{ l.pop() }}{{ l }}", "{% set x = [3,1,2] %}{{ x.sort() }}{{ x }}",
        "{% set x = [1,2] %}{{ x.insert(0, 5) }}{{ x.extend([7]) }}{{ x.remove(2) }}{{ x.reverse() }}{{ x }}", "{% set x = {'a': 1} %}{{ x.setdefault('b', 2) }}{{ x.pop('a') }}{{ x.pop('zz', 'dflt') }}{{ x }}", "{% set a = [1] %}{% set b = a %}{% set _ = b.append(2) %}{{ a }}",
        "{% print n, name %}", "{% unknown %}", "{% if %}", "{% if n %}", "{% endif %}", "{% for x in l %}", "{% for in l %}{% endfor %}", "{% else %}", "{{ n", "{{ n }", "{% set %}", "{{ }}", "{{ 1 + }}", "{{ n | }}", "{% if n %}{% endfor %}", "{% set 1 = 2 %}", "{% set true = 2 %}",
        "{% macro %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{# unclosed", "{% raw %}x", "{{ ] }}", "{{ (1 }}", "}}", "%}", "{ { n } }", "{{ '}}' }}", "{{ '%}' ~ \"{{\" }}", "{{ {'a': {'b': 1}} }}", "{{{'a': 1}}}", "{{ {'a': 1}['a']}}",
        "{% if 'a' in name %}y{% endif %}", "{% if not z and (n or l) %}y{% endif %}", "{{ n if n else z }}", "a\\nb {{ 'a\\nb' }}", "{{ name }}:{{ n }}:{{ f }}:{{ t }}:{{ z }}:{{ l }}", "{{ d }} {{ users }}", "{{ big }} {{ 1e20 }} {{ 'é' }}", "{{ {'a': (1, 2)} }} x",
        "{% for u in users %}{{ u.name }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for g, items in users | groupby('age') %}{{ g }}:{% for u in items %}{{ u.name }} {% endfor %};{% endfor %}", "{% for g in users | groupby('age') %}{{ g.grouper }}={{ g.list | length }} {% endfor %}",
        "{% for row in range(7) | batch(3, '-') %}{{ row | join(' ') }}|{% endfor %}", "{{ users | selectattr('age', 'gt', 26) | map(attribute='name') | join(',') }}!", "{{ loop | default('noloop') }}", "{{ super() }}", "{{ undefinedvar }} text", "text {{ undefinedvar.x }}", "text {{ [undefinedvar] }}",
    ),
    "whitespace": [case for opts in (None, {"trim_blocks": False}, {"lstrip_blocks": True}, {"trim_blocks": False, "lstrip_blocks": True}, {"keep_trailing_newline": True}) for case in templates(
        "a\n{% if t %}\n  b\n{% endif %}\nc\n", "a\n  {% if t %}\n  b\n  {% endif %}\nc", "a \n {%- if t -%} \n b \n {%- endif -%} \n c", "a {%+ if t +%}\n b {%+ endif %}\n c", "  {% if t %}x{% endif %}\n", "x   {% if t %}y{% endif %}  \nz\n\n",
        "{% for x in l %}\n{{ x }}\n{% endfor %}\n", "{% for x in l -%}\n  {{ x }},\n{%- endfor %}\n", "{# c #}\nx\n  {# d #}\ny\n", "a\n  {#- c -#}\n b", "{{ n }}\n{{ name }}\n", "{{- n -}}  \n x", "a  {{- n }} \n", "{% raw %}\n {{ x }}\n{% endraw %}\ny\n", "  {% raw %}a{% endraw %}\n",
        "\n\n{% set x = 1 %}\n\n{{ x }}\n", "\t{% if t %}\n\tx\n\t{% endif %}\n", "a\r\nb{% if t %}\r\nc{% endif %}\r\n", "{%- if t %} x {% endif -%}\n  y", "{% if t %}{% endif %}\n\n", "a{% if t %}\n\nb{% endif %}\n", options=opts)] + templates(
        "<% if t %>[[ n ]]<# c #><% endif %> {{ x }}", "<% for x in l %>[[ x ]]\n<% endfor %>", options={"block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "[[", "variable_end_string": "]]", "comment_start_string": "<#", "comment_end_string": "#>"}) + templates(
        "# for x in l\n{{ x }}\n# endfor\nend", "{{ n }}\n  # if t\nb\n  # endif\nc ## comment\nd", options={"line_statement_prefix": "#", "line_comment_prefix": "##"}),
    "files": files("{% include 'a.txt' %}", a_txt="hello {{ name }}\n") + files("{% include 'no.txt' %}") + files("[{% include 'no.txt' ignore missing %}]") + files("{% include ['no.txt', 'a.txt'] %}", a_txt="A") + files("{% include ['no.txt', 'nn.txt'] %}")
    + files("{% set x = 1 %}{% include 'a.txt' %}{{ x }}", a_txt="{{ x }}{% set x = 2 %}{{ x }}") + files("{% include 'a.txt' without context %}", a_txt="{{ name | default('none') }}") + files("{% for i in l %}{% include 'a.txt' %}{% endfor %}", a_txt="<{{ i }}>")
    + files("{% import 'm.txt' as m %}{{ m.f(1) }}{{ m.v }}", m_txt="{% macro f(x) %}({{ x }}){% endmacro %}{% set v = 5 %}") + files("{% from 'm.txt' import f, v as w %}{{ f(2) }}{{ w }}", m_txt="{% macro f(x) %}({{ x }}){% endmacro %}{% set v = 5 %}")
    + files("{% from 'm.txt' import nope %}{{ nope }}", m_txt="x") + files("{% from 'm.txt' import nope %}{{ nope is defined }}", m_txt="x") + files("{% from 'm.txt' import _p %}", m_txt="{% set _p = 1 %}")
    + files("{% import 'm.txt' as m %}{{ m.f() }}", m_txt="{% macro f() %}{{ name | default('no context') }}{% endmacro %}") + files("{% import 'm.txt' as m with context %}{{ m.f() }}", m_txt="{% macro f() %}{{ name }}{% endmacro %}")
    + files("{% extends 'b.txt' %}{% block x %}child{% endblock %}ignored", b_txt="<{% block x %}base{% endblock %}>") + files("{% extends 'b.txt' %}{% block x %}{{ super() }}+child{% endblock %}", b_txt="<{% block x %}base{% endblock %}>")
    + files("{% extends 'b.txt' %}", b_txt="<{% block x %}base{{ n }}{% endblock %}>") + files("{% extends 'c.txt' %}{% block x %}3{{ super() }}{% endblock %}", c_txt="{% extends 'b.txt' %}{% block x %}2{{ super() }}{% endblock %}", b_txt="{% block x %}1{% endblock %}")
    + files("{% extends 'c.txt' %}{% block x %}{{ super.super() }}{% endblock %}", c_txt="{% extends 'b.txt' %}{% block x %}2{% endblock %}", b_txt="{% block x %}1{% endblock %}") + files("{% extends 'b.txt' %}{% set v = 7 %}{% block x %}{{ v }}{% endblock %}", b_txt="{% block x %}{% endblock %}{{ v }}")
    + files("{% extends 'b.txt' %}{% macro m() %}mm{% endmacro %}{% block x %}{{ m() }}{% endblock %}", b_txt="[{% block x %}{% endblock %}]") + files("{% extends 'b.txt' %}{% block y %}Y{% endblock %}", b_txt="{% block x %}a{% block y %}b{% endblock %}c{% endblock %}")
    + files("{% extends 'b.txt' %}{% block x %}{{ self.t() }}{% endblock %}{% block t %}T{% endblock %}", b_txt="{% block t %}{% endblock %}-{% block x %}{% endblock %}") + files("{% extends 'no.txt' %}") + files("{% extends 'b.txt' %}", b_txt="{% block x required %}{% endblock %}")
    + files("before{% extends 'b.txt' %}after", b_txt="base") + files("{% if t %}{% extends 'b.txt' %}{% endif %}{% block x %}c{% endblock %}", b_txt="<{% block x %}{% endblock %}>") + files("{% block x %}{{ super() }}{% endblock %}")
    + files("{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}") + files("{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}") + files("{% set q = [] %}{% do q.append(4) %}{{ q }}") + files("{% break %}")
    + files("{% import 'm.txt' as m %}[{{ m }}]", m_txt="text {{ 1 + 1 }}")
    + files("{{ (1 if false) | default('none') }}") + files("{{ [{'k': 'a'}, {}] | groupby('k', default='zz') | map('first') | list }}")
    + files("## only\nx\n# if t\ny\n# endif", options={"line_statement_prefix": "#", "line_comment_prefix": "##"})
    + files("{% for x in l %}{% include 'a.txt' %}{% endfor %}", a_txt="<{{ x }}>") + files("{% for x in l %}{{ loop.index }}{% include 'a.txt' %}{% endfor %}", a_txt="-{{ loop.index }}")
    + files("{% include n %}") + files("{% import 'm.txt' as m %}{{ m.missing | default('dd') }}", m_txt="") + files("{% include 'a.txt' %}|{% include 'a.txt' %}", a_txt="x\n"),
}
