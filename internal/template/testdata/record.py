#!/usr/bin/env python3
"""Records what ansible-core answers to expressions, as the corpus that the Go tests replay.

Run it with a Python that has ansible-core, from this folder: python record.py
Each line of a list below is an expression, or a pair of an expression and its variables.
"""
import base64, json, os, sys, time

os.environ["TZ"] = "UTC"
time.tzset()
os.environ["ANSIBLE_DEPRECATION_WARNINGS"] = "0"

from ansible.parsing.dataloader import DataLoader
from ansible.release import __version__
from ansible.template import Templar, trust_as_template

LONG = "the quick brown fox jumps over the lazy dog and then it goes on to run through the wide green forest until night falls"
NEST = {"z": 1, "a": {"list": [1, 2, {"k": "v", "n": None}], "empty": [], "map": {}}, "m": [[1, 2], [], [{}]]}
USERS = [{"name": "alice", "groups": ["wheel", "adm"], "ssh": {"keys": ["k1", "k2"]}}, {"name": "bob", "groups": []}]

TRICKY = [
    "", "yes", "No", "on", "off", "y", "n", "true", "False", "null", "~", "NULL", "0644", "0o644", "0x1F", "1:30", "190:20:30.15", "1e3",
    "1.5", "1.5e+3", ".5", "1_000", "-1", "+1", "2026-01-02", "2026-01-02 03:04:05", "=", "<<", "-", "- a", "-a", "?", "? a", "?a", ":", ": a",
    ":a", "a: b", "a:b", "a:", "a #b", "a#b", "#a", "!a", "&a", "*a", "%a", "@a", "`a`", "|", ">", "'a'", '"a"', "it's", 'say "hi"', "{a}", "[a]",
    "a, b", "a]", "a}", "---", "--- a", "...", " lead", "trail ", "a\tb", "\ttab", "a\\b", "a\nb", "a\nb\n", "a\n\nb", "\na", "a \nb", "a\n b", "é",
    "日本語", "😀", "a\u00a0b", "\u2028", "\x07bell", "\x1b[0m", "\x85", "\ufeff", "{{ x }}", "{% if %}", "C:\\path\\file", "http://a.b/c?d=e&f#g",
    "key=value", "$HOME", "a'b\"c", "0", "00", "08", "0b11", "infinity", ".inf", ".nan", "1.", "12e03", "1,2", "a\r\nb", "\r", "x" * 200,
    LONG, LONG + ": " + LONG, LONG + "\n" + LONG, "'" + LONG + "'", "#" + LONG, LONG.replace(" ", "  "), "\x07" + LONG, "\x07" + LONG.replace(" ", "  "),
    "a" * 79 + " b c", "a" * 80 + " b", "a" * 81 + " b", "é" * 60 + " " + "é" * 60 + " b",
]

YAML = [("v | to_nice_yaml", {"v": {"k": s}}) for s in TRICKY]
YAML += [("v | to_yaml", {"v": [s]}) for s in TRICKY if len(s) < 30]
YAML += [("v | to_nice_yaml", {"v": {s: 1}}) for s in TRICKY]
YAML += [("v | to_yaml", {"v": s}) for s in TRICKY if len(s) < 30]
YAML += [(e, {"v": NEST, "users": USERS, "s": LONG, "x": [1, 2], "y": {"a": 1}}) for e in [
    "v | to_nice_yaml", "v | to_yaml", "v | to_nice_yaml(indent=2)", "v | to_nice_yaml(indent=8)", "v | to_nice_yaml(indent=1)", "v | to_nice_yaml(2)",
    "v | to_nice_yaml(sort_keys=False)", "v | to_yaml(sort_keys=False, indent=2)", "v | to_nice_yaml(width=20)", "v | to_nice_yaml(explicit_start=True)",
    "v | to_nice_yaml(explicit_start=True, explicit_end=True)", "v | to_yaml(default_flow_style=False)", "v | to_yaml(default_flow_style=True)",
    "v | to_nice_yaml(default_flow_style=True)", "users | to_nice_yaml", "users | to_yaml", "users | to_nice_yaml(indent=2)", "[[1, [2, [3]]]] | to_nice_yaml",
    "[] | to_nice_yaml", "{} | to_nice_yaml", "none | to_nice_yaml", "true | to_nice_yaml", "1.0 | to_yaml", "1e20 | to_yaml", "1e-7 | to_yaml",
    "123456789012345678901234567890 | to_yaml", "'a' | to_nice_yaml", "(1, 2) | to_nice_yaml", "{'a': (1, 2)} | to_nice_yaml", "[x, x] | to_nice_yaml",
    "{'a': x, 'b': x} | to_nice_yaml", "{'a': y, 'b': [y]} | to_yaml", "{1: 'a', 'b': 2} | to_nice_yaml", "{2: 'a', 1: 'b'} | to_nice_yaml",
    "{true: 1, none: 2} | to_nice_yaml", "{'a': s} | to_nice_yaml(width=40)", "{'a': s} | to_nice_yaml(width=1000)", "{'a': s} | to_nice_yaml(width=-1)",
    "{'a': {'b': {'c': s}}} | to_nice_yaml", "[s, s] | to_yaml", "{'a': s, 'b': s} | to_yaml", "range(60) | list | to_yaml", "{'a': range(60) | list} | to_yaml",
    "{'a': 'é ü'} | to_nice_yaml(allow_unicode=False)", "{'a': 'x\ny\n'} | to_nice_yaml(default_style='|')", "{'a': 'x\ny\n'} | to_nice_yaml(default_style='>')",
    "{'a': 1, 'b': 'c'} | to_nice_yaml(default_style='\"')", "{'a': 1, 'b': 'c'} | to_nice_yaml(default_style=\"'\")", "{'a': '\n\n'} | to_nice_yaml(default_style='|')",
    "{'a': ' x\ny'} | to_nice_yaml(default_style='|')", "{'a': s + '\n' + s} | to_nice_yaml(default_style='>')", "v | to_nice_yaml(canonical=True)",
    "{'Zeta': 1, 'alpha': 2, 'Beta': 3, '_x': 4} | to_nice_yaml", "{'a': ''} | to_yaml", "{'': ''} | to_nice_yaml", "[''] | to_nice_yaml", "[none, true, 1, 'a'] | to_yaml",
    "{'kafka': {'hosts': ['a:9092', 'b:9092'], 'opts': '-Xmx1G -Xms1G', 'empty': '', 'port': '9092'}} | to_nice_yaml(indent=2)", "v | to_yaml(nosuch=1)",
]]

DATA = [(e, {"users": USERS, "d": {"a": 1, "b": {"c": [1, 2]}}, "n": None}) for e in [
    "'yes' | bool", "'off' | bool", "1 | bool", "0 | bool", "'True' | bool", "'x' | bool", "none | bool", "2 | bool", "1.0 | bool", "[] | bool", "true | bool", "'1' | bool",
    "true | ternary('a', 'b')", "'' | ternary('a', 'b')", "none | ternary('a', 'b', 'c')", "none | ternary('a', 'b')", "true | ternary('a', nosuch)", "false | ternary('a', nosuch)",
    "nosuch | mandatory", "nosuch | mandatory('give it')", "1 | mandatory", "nosuch.x | mandatory", "nosuch | default('d')", "'' | default('d', true)", "d.nope | default('x')",
    "1 | type_debug", "'a' | type_debug", "[] | type_debug", "d | type_debug", "none | type_debug", "1.5 | type_debug", "true | type_debug",
    "d | dict2items", "d | dict2items(key_name='k', value_name='v')", "[1] | dict2items", "{} | dict2items", "d | dict2items | items2dict",
    "[{'k': 1, 'v': 2}] | items2dict(key_name='k', value_name='v')", "[{'k': 1}] | items2dict", "'a' | items2dict", "[1] | items2dict",
    "users | subelements('groups')", "users | subelements('ssh.keys', skip_missing=True)", "users | subelements('ssh.keys')", "users | subelements(['ssh', 'keys'], true)",
    "{'x': users[0]} | subelements('groups')", "users | subelements('name')", "1 | subelements('a')", "users | subelements(1)",
    "[1, [2, [3, [4]]], none] | flatten", "[1, [2, [3, [4]]]] | flatten(levels=1)", "[1, [none, 'null', 'None']] | flatten", "[1, [none]] | flatten(skip_nulls=False)", "[[1], [[2]]] | flatten(0)",
    "'a' | extract({'a': 1})", "['a', 'b'] | map('extract', {'a': 1, 'b': 2}) | list", "'b' | extract(d, 'c')", "'b' | extract(d, ['c', 1])", "0 | extract(['x'])", "'zz' | extract(d) | default('none')",
    "[{'id': 'a', 'v': 1}, {'id': 'b', 'v': 2}] | rekey_on_member('id')", "[{'id': 'a'}, {'id': 'a'}] | rekey_on_member('id')", "[{'id': 'a', 'n': 1}, {'id': 'a', 'n': 2}] | rekey_on_member('id', duplicates='overwrite')",
    "{'x': {'id': 'a'}} | rekey_on_member('id')", "[{'x': 1}] | rekey_on_member('id')",
    "{'a': 1} | combine({'b': 2})", "{'a': {'x': 1}} | combine({'a': {'y': 2}})", "{'a': {'x': 1}} | combine({'a': {'y': 2}}, recursive=True)", "[{'a': 1}, {'a': 2}, {'b': 3}] | combine",
    "{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='append')", "{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='prepend')", "{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='append_rp')",
    "{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='prepend_rp')", "{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='keep')", "{'a': [1]} | combine({'a': [2]}, list_merge='foo')",
    "{'a': {'l': [1]}} | combine({'a': {'l': [2]}}, recursive=True, list_merge='append')", "{} | combine({'a': 1})", "{'a': 1} | combine({})", "'a' | combine({})", "{'a': 1} | combine([1])",
    "{'a': 1} | combine({'a': 2}, {'a': 3, 'z': 0}, {'b': 1})", "{'b': 1, 'a': 2} | combine({'c': 1, 'b': 5})", "{'a': 1} | combine(foo=1)", "{'a': {'x': 1}} | combine({'a': 5}, recursive=True)",
    "[1, 2] | zip([3, 4]) | list", "[1, 2] | zip([3, 4], [5]) | list", "[1, 2] | zip_longest([3], fillvalue='x') | list", "[1, 2] | zip_longest([3]) | list", "['a', 'b'] | zip([1, 2]) | items2dict(key_name=0, value_name=1)",
    "dict(['a', 'b'] | zip([1, 2]))", "[1, 2] | product(['a', 'b']) | list", "[0, 1] | product(repeat=2) | list", "['a'] | product([]) | list", "'ab' | permutations | list", "[1, 2, 3] | permutations(2) | list",
    "[1, 2, 3] | combinations(2) | list", "[1, 2] | combinations(3) | list", "['foo', 'bar'] | product(['com', 'net']) | map('join', '.') | join(',')", "[1, 2] | zip([3, 4]) | list | string",
    "[1, 1, 2] | unique", "['a', 'A', 'b'] | unique", "['a', 'A'] | unique(case_sensitive=True)", "[{'a': 1}, {'a': 1}, {'a': 2}] | unique", "[{'a': 1, 'b': 1}, {'a': 1, 'b': 2}] | unique(attribute='a')", "'aab' | unique",
    "[[1], [1], [2]] | unique", "[1, true, 1.0] | unique",
    "[{'a': 1}, {'b': 2}] | difference([{'a': 1}])", "[{'a': 1}] | union([{'b': 2}])", "[{'a': 1}, {'c': 1}] | intersect([{'c': 1}])", "[{'a': 1}] | symmetric_difference([{'a': 1}, {'b': 1}])",
    "[3, 1, 2] | max", "[3, 1, 2] | min", "[1, 2, 3] | difference([2]) | sort", "[1, 2] | union([2, 3]) | sort", "[1, 2] | intersect([2, 3]) | sort", "[1, 2] | symmetric_difference([2, 3]) | sort", "1 | difference([1])",
    "users | to_json", "d | to_nice_json", "d | to_nice_json(indent=2)", "d | to_nice_json(2, false)", "{'b': 1, 'a': 'é'} | to_json", "{'b': 1, 'a': 'é'} | to_nice_json(ensure_ascii=False)", "{'b': 1, 'a': 2} | to_json(sort_keys=True)",
    "[1, 2] | to_json(indent=2)", "[1, {}] | to_nice_json", "[] | to_nice_json", "{'a': [1, 2]} | to_json(separators=(',', ':'))", "1.0 | to_json", "none | to_json", "'a\"b\n' | to_json", "[1, [2]] | to_json(indent=0)", "{1: 2} | to_json",
    "'{\"b\": [1, 2.5, null, true]}' | from_json", "'[1' | from_json", "1 | from_json", "'a: [1, yes, 0644, 1:30]' | from_yaml", "'' | from_yaml", "none | from_yaml", "'--- 1\n--- 2\n' | from_yaml_all | list", "'a: [' | from_yaml",
    "'a: 2026-01-02x' | from_yaml", "'<<: {a: 1}' | from_yaml", "'{a: 1' | from_yaml", "'x' | json_query('y')",
]]

TEXT = [
    "'abcd' | regex_replace('b(c)', '\\1X')", "'foo.bar' | regex_replace('^(?P<a>\\w+)\\.(?P<b>\\w+)$', '\\g<b>.\\g<a>')", "'aAa' | regex_replace('a', 'x', ignorecase=True)", "'a\nb' | regex_replace('^', '# ', multiline=True)",
    "'aaa' | regex_replace('a', 'b', count=2)", "'aaa' | regex_replace('a', 'b', mandatory_count=2)", "'aaa' | regex_replace('a', 'b', mandatory_count=3)", "'abc' | regex_replace('x*', '-')", "'abxd' | regex_replace('x*', '-')", "5 | regex_replace('5', '6')",
    "'a' | regex_replace('(b)?a', '[\\1]')", "'x' | regex_replace('(', '')", "'x' | regex_replace('x', '\\2')", "'a1b22' | regex_replace('[0-9]+')", "'foo' | regex_replace('o', '\\\\')", "'a.b' | regex_replace('\\.', '\\.')", "'tab' | regex_replace('a', '\\t')",
    "'kafka-3.9.1.tgz' | regex_search('[0-9.]+[0-9]')", "'foo bar' | regex_search('(o+) (b)', '\\1', '\\2')", "'foo bar' | regex_search('(?P<x>o+)', '\\g<x>')", "'foo' | regex_search('z')", "'foo' | regex_search('z') is none", "'FOO' | regex_search('foo', ignorecase=True)",
    "'a\nb' | regex_search('^b', multiline=True)", "'ab' | regex_search('a(x)?', '\\1')", "'foo' | regex_search('o', 'bad')", "'a.b' | regex_search('(?<=a)\\.(?=b)')", "'abab' | regex_search('(ab)\\1')", "'abab' | regex_search('(?P<x>ab)(?P=x)')", "'ab\n' | regex_search('b$')",
    "'ab\n' | regex_search('b\\Z')", "'x[y' | regex_search('[[]')", "'foo' | regex_search('\\q')", "'aaaa' | regex_search('a{,2}')", "'aXb' | regex_search('(?i)x')", "'a]b' | regex_search('[]]')", "'a-b' | regex_search('[a-z-[b]')",
    "'a1b22' | regex_findall('[0-9]+')", "'a=1 b=2' | regex_findall('(\\w)=(\\d)')", "'a=1 b=2' | regex_findall('(\\w)=')", "'A a' | regex_findall('a', ignorecase=True)", "'a\nb' | regex_findall('^.', multiline=True)", "'abc' | regex_findall('x*')", "'a=1' | regex_findall('(?P<k>a)(=)(?P<v>1)')",
    "'a.b*c[d]' | regex_escape", "'a b-c#d~e/f,g:h_i@j' | regex_escape", "'a.b*c[d]$^' | regex_escape('posix_basic')", "'a' | regex_escape('posix_extended')", "'a' | regex_escape('foo')",
    "'a b' | quote", "'' | quote", "\"it's\" | quote", "'safe-1.0/x_y:z@,+=%' | quote", "none | quote", "1 | quote", "'é' | quote", "'a;b' | quote",
    "'one\ntwo' | comment", "'one' | comment('erlang')", "'one' | comment('c')", "'one\n\ntwo' | comment('cblock')", "'one' | comment('xml')", "'one' | comment('foo')", "'one' | comment(decoration='! ')", "'one' | comment('plain', prefix='#######\n#', postfix='#\n#######\n   ###')",
    "'one' | comment(beginning='/*', end='*/', decoration=' * ')", "'one' | comment('plain', prefix_count=2, postfix_count=0)", "'a\n\nb' | comment('plain', decoration='   # ')", "'one' | comment(prefix='\n')", "'a' | comment(postfix='')", "'a\r\nb' | comment(newline='\r\n')", "'' | comment",
    "'a,b' | split(',')", "' a  b ' | split", "'a,b,c' | split(',', 1)", "'a b c' | split(none, 1)", "'' | split", "'' | split(',')", "'a' | split('')", "1 | split(',')",
    "'hello é' | b64encode", "'aGVsbG8=' | b64decode", "'aGVsbG8' | b64decode", "'aGVs bG8=' | b64decode", "'a' | b64encode(encoding='utf-16-le')", "'YQA=' | b64decode(encoding='utf-16-le')", "'????' | b64encode(urlsafe=True)", "'aaaaa' | b64decode", "5 | b64encode",
    "'http://user:pw@www.acme.com:9000/dir/index.html?query=term#fragment' | urlsplit", "'http://u@h:80/p' | urlsplit('port')", "'http://h/p' | urlsplit('port')", "'http://H.Com/p' | urlsplit('hostname')", "'x' | urlsplit('foo')", "'//h/p' | urlsplit", "'mailto:a@b' | urlsplit",
    "'http://[::1]:8080/' | urlsplit('hostname')", "'http://[::1]:8080/' | urlsplit('port')", "'http://h:99999/' | urlsplit('port')", "'/a/b?c' | urlsplit('path')", "'HTTPS://h' | urlsplit('scheme')", "'a%20b+c%C3%A9%zz' | urldecode", "'a b&c/é' | urlencode", "{'a': 1, 'b': 'x y'} | urlencode",
    "'/a/b.txt' | basename", "'/a/b/' | basename", "'/a/b.txt' | dirname", "'a' | dirname", "'/a/b/' | dirname", "'//a' | dirname", "'/a' | dirname", "'a.tar.gz' | splitext", "'.bashrc' | splitext", "'/a.b/c' | splitext", "'...x' | splitext", "['/a', 'b', 'c'] | path_join", "['a', '/b', 'c'] | path_join",
    "['a/', 'b'] | path_join", "'a' | path_join", "['', 'b'] | path_join", "[] | path_join", "1 | path_join", "'/a/b/../c' | normpath", "'a//b/.' | normpath", "'//a' | normpath", "'' | normpath", "'/a/b' | relpath('/a/c')", "'/a' | relpath('/a')", "['/a/b/c', '/a/b/d'] | commonpath", "['a', '/b'] | commonpath",
    "'C:\\a\\b.txt' | win_basename", "'C:\\a\\b.txt' | win_dirname", "'C:\\a' | win_splitdrive", "'~nosuchuser/x' | expanduser", "'/proc/self/../x/y' | realpath", "1 | basename", "'$NOSUCHVAR/x' | expandvars",
    "'%Y-%m-%d %H:%M:%S' | strftime(0)", "'%a %A %b %B %j %U %W %V %G %u %w %y %p %I' | strftime(1700000000)", "'%c|%x|%X|%D|%F|%T|%R|%e|%k|%l|%C|%h|%n|%t|%%|%s' | strftime(1700000000)", "'%f' | strftime(1.5)", "'%Z %z' | strftime(0, utc=True)", "'%Y' | strftime('x')", "'%-d %-m %_d' | strftime(86400)",
    "'%U %W %V %G' | strftime(1704067200)", "'%U %W %V %G' | strftime(1609459200)", "('2026-01-02 03:04:05' | to_datetime).year", "('2026-01-02 03:04:05' | to_datetime) | string", "('02/Jan/2026 3:04 PM' | to_datetime('%d/%b/%Y %I:%M %p')) | string", "'x' | to_datetime",
    "'2026-02-30 00:00:00' | to_datetime", "('2026-01-02T03:04:05.25Z' | to_datetime('%Y-%m-%dT%H:%M:%S.%fZ')) | string", "'2026-01-02 03:04:05 x' | to_datetime",
    "'a' | hash", "'a' | hash('md5')", "'a' | hash('sha256')", "'a' | hash('sha512')", "'a' | hash('sha3_256')", "'a' | hash('blake2b')", "'a' | hash('blake2s')", "'a' | hash('foo')", "'a' | md5", "'a' | sha1", "'a' | checksum", "5 | hash('md5')", "'é' | md5", "'a' | to_uuid", "'a' | to_uuid(namespace='6ba7b810-9dad-11d1-80b4-00c04fd430c8')", "'a' | to_uuid('x')", "'a' | hash('sha224')", "'a' | hash('sha384')",
]

NUMBERS = [
    "1024 | human_readable", "1 | human_readable", "0 | human_readable", "10000000 | human_readable", "10000000 | human_readable(isbits=True)", "10000000 | human_readable(unit='G')", "1e30 | human_readable", "'x' | human_readable", "1023.9 | human_readable", "5 | human_readable(unit='K')", "2048 | human_readable(true)",
    "'10M' | human_to_bytes", "'1.5 GB' | human_to_bytes", "10 | human_to_bytes('K')", "'10' | human_to_bytes", "'1Mb' | human_to_bytes(isbits=True)", "'1Mb' | human_to_bytes", "'1X' | human_to_bytes", "'x' | human_to_bytes", "'5 kilobytes' | human_to_bytes", "'5 kilobyte' | human_to_bytes", "'1b' | human_to_bytes", "'2.5' | human_to_bytes", "'3.5' | human_to_bytes", "'1 byte' | human_to_bytes", "'1KB ' | human_to_bytes",
    "10 | log", "8 | log(2)", "100 | log(10)", "'x' | log", "2 | pow(3)", "2 | pow(0.5)", "'x' | pow(2)", "8 | root(3)", "4 | root", "-1 | root", "'x' | root", "0 | log", "27 | root(3) | round", "2 | pow(10) | int",
    "['a', 'b', 'c', 'd', 'e'] | shuffle(seed='x')", "range(20) | list | shuffle(seed='host1.example.com')", "[1, 2, 3, 4] | shuffle(seed=42)", "[1, 2, 3, 4, 5] | shuffle(seed=1.5)", "5 | shuffle", "'abc' | shuffle(seed='a')", "[1, 2, 3] | shuffle(seed=-7)", "range(10) | list | shuffle(seed=123456789012345678901234567890)",
    "60 | random(seed='host1')", "100 | random(seed=1)", "101 | random(step=10, seed='x')", "101 | random(1, 10, seed='x')", "['a', 'b', 'c'] | random(seed='y')", "100 | random(50, seed='z')", "0 | random(seed=1)", "10 | random(20, seed=1)", "1.5 | random(seed=1)", "['a'] | random(start=1, seed=1)", "[] | random(seed=1)", "(2 ** 70) | random(seed='big')",
    "65536 | random(seed='é')", "10 | random(0, -1, seed=1)", "-10 | random(0, -1, seed=1)", "'abcdef' | random(seed='q')", "60 | random(seed=2.5)", "60 | random(seed=true)", "60 | random(seed=[1])",
    "'pw' | password_hash('sha512', 'saltsalt', rounds=5000)", "'pw' | password_hash('sha256', 'abcdefghijklmnop', rounds=5000)", "'pw' | password_hash('sha512', 'abcd')", "'pw' | password_hash('sha256', 'abcdefg', rounds=1234)", "'a much longer password than the others, past sixty-four bytes of text, é' | password_hash('sha512', 'abcdefghijkl', rounds=1001)",
    "'' | password_hash('sha512', 'abcdefgh', rounds=1000)", "'a much longer password than the others, past sixty-four bytes of text, é' | password_hash('sha256', 'abcdefghijkl', rounds=1001)", "'pw' | password_hash('sha256', 'abcdef', rounds=10)", "'pw' | password_hash('md5', '12345678')", "'longer password' | password_hash('md5', 'abcdefg')",
    "'pw' | password_hash('bcrypt', '1234567890123456789012', rounds=5)", "'pw' | password_hash('blowfish', 'abcdefghijklmnopqrstuv', rounds=4, ident='2y')", "'pw' | password_hash('bcrypt', 'abc')", "'pw' | password_hash('foo')", "'pw' | password_hash('sha512', 'ab$d')", "'pw' | password_hash('sha512', 'abcdefghijklmnopq')", "'pw' | password_hash('sha512', rounds=5000) | length", "'pw' | password_hash('sha512', 'a')",
]

RESULTS = {"ok": {"changed": False}, "ch": {"changed": True}, "bad": {"failed": True}, "skip": {"skipped": True, "changed": False}, "un": {"unreachable": True}, "loop": {"results": [{"changed": False}, {"changed": True}]}, "job": {"started": 1, "finished": 0}}
TESTS = [(e, RESULTS) for e in [
    "ok is success", "ok is succeeded", "bad is failed", "bad is success", "ch is changed", "ok is changed", "loop is changed", "skip is skipped", "un is unreachable", "ok is reachable", "job is started", "job is finished", "ok is finished", "'x' is failed", "ok is ansible.builtin.success", "1 is changed", "{} is changed", "ok is timedout",
    "'foobar' is match('foo')", "'foobar' is match('bar')", "'foobar' is search('bar')", "'foobar' is regex('O+', ignorecase=true)", "'foobar' is regex('foo', match_type='fullmatch')", "'a\nb' is search('^b', multiline=True)", "'foo' is regex('o', match_type='x')", "'foobar' is match('foo|foobar$')", "5 is search('5')", "'FOO' is match('foo', true)",
    "[true, false] is any", "[true, false] is all", "[] is all", "[] is any", "'yes' is truthy", "'no' is truthy(convert_bool=True)", "'' is falsy", "'false' is falsy", "'false' is falsy(convert_bool=True)", "[1] is subset([1, 2])", "[1, 2] is superset([1])", "[1, 2] is contains(1)", "'abc' is contains('b')", "{'a': 1} is contains('a')", "[3] is subset([1, 2])", "1 is contains(1)", "[[1]] is subset([[1]])",
    "'/' is directory", "'/etc/passwd' is file", "'/etc/passwd' is directory", "'/nosuch' is exists", "'/etc' is exists", "'/proc/self' is link", "'/a' is abs", "'a' is abs", "'/' is mount", "'/etc' is same_file('/etc/.')", "'/proc' is mount", "'/nosuch' is file", "'/proc/self' is link_exists", "'a' is same_file('/nosuch')",
    "'http://a.b' is url", "'a' is url", "'http://a' is url(['https'])", "'urn:isbn:1' is urn", "'http:x' is uri", "'file:///x' is url", "'x' is uri(['http'])", "('x' | float(default=0) / 1) is nan", "'nan' | float is nan", "1 is nan", "'a' is vault_encrypted", "nosuch is defined", "1 is nosuchtest", "nosuch is failed",
]]
VERSIONS = []
for kind, versions in {
    "loose": ["1.0", "1.0.0", "1.10", "1.9", "1.0rc1", "2.11.1", "v1.0", "1.2.3-4", "1.0.0-beta", "22.04", "5.5.kw", "1.13++", "3"],
    "strict": ["1.0", "1.0.0", "1.0a1", "1.0b2", "1.0.1", "1.2.3.4"],
    "semver": ["1.0.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-1", "1.0.0+build", "1.0", "2.1.0", "1.0.0-beta.11", "1.0.0-beta.2"],
    "pep440": ["1.0", "1.0.0", "1.0a1", "1.0.dev1", "1.0.post1", "1!0.5", "1.0rc1", "1.0+local.1", "1.0a1.dev1", "1.0.post1.dev2", "bad!"],
}.items():
    for i, a in enumerate(versions):
        for b in versions[i:]:
            VERSIONS.append("'%s' is version('%s', 'lt', version_type='%s')" % (a, b, kind))
            VERSIONS.append("'%s' is version('%s', '==', version_type='%s')" % (b, a, kind))
VERSIONS += ["'1.2' is version('1.1', '>')", "'1.2' is version('1.2', '>=', strict=True)", "'1.2' is version('1', strict=True, version_type='loose')", "'' is version('1')", "'1' is version('')", "'1' is version('1', 'foo')", "'1' is version('1', version_type='foo')", "1.5 is version(1.4, 'gt')", "'1.0' is version_compare('1.0', '<>')", "12 is version('9', '>=')"]

HERE = os.path.dirname(os.path.abspath(__file__))
LOOKUPS = [(e, {"v1": "one", "v2": [1], "kafka_a": 1, "kafka_b": 2, "users": USERS}) for e in [
    "lookup('env', 'KOPS_NOT_SET')", "lookup('env', 'KOPS_NOT_SET', default='x')", "lookup('vars', 'v1')", "lookup('vars', 'nosuch', default='d')", "lookup('vars', 'nosuch')", "query('vars', 'v1', 'v2')", "query('varnames', '^kafka_') | sort", "query('varnames', '(')",
    "query('items', [1, [2, 3]], 4)", "query('list', [1, [2]], 3)", "query('dict', {'a': 1, 'b': 2})", "query('dict', 1)", "query('nested', ['a', 'b'], [1, 2])", "query('nested')", "query('nested', [['a', 'b']], [1])", "query('indexed_items', ['a', 'b'])", "query('together', ['a', 'b'], [1])", "query('together')",
    "query('sequence', '5')", "query('sequence', '5-8')", "query('sequence', '2-10/2')", "query('sequence', '4:host%02d')", "query('sequence', 'start=5 end=11 stride=2 format=0x%02x')", "query('sequence', count=3)", "query('sequence', start=3, end=1, stride=-1)", "query('sequence', start=3, end=1)", "query('sequence', 'count=0')", "query('sequence', 'end=3 count=3')", "query('sequence', 'foo=1')", "query('sequence', 'end=3 format=x')", "query('sequence')", "query('sequence', '1-3', start=7)",
    "query('subelements', users, 'groups')", "query('subelements', users, 'ssh.keys', {'skip_missing': true})", "query('subelements', users, 'ssh.keys')", "query('subelements', users)", "lookup('file', '/nosuch')", "lookup('file', lookup_dir + '/a.txt')", "lookup('file', lookup_dir + '/a.txt', rstrip=False)", "lookup('file', lookup_dir + '/a.txt', lstrip=True)",
    "query('fileglob', lookup_dir + '/*.txt') | map('basename') | sort", "query('fileglob', '/nosuch/*')", "lookup('first_found', ['/nosuch', lookup_dir + '/a.txt']) | basename", "lookup('first_found', {'files': ['nosuch', 'a.txt'], 'paths': [lookup_dir]}) | basename", "query('first_found', ['/nosuch'], skip=True)", "lookup('first_found', ['/nosuch'])",
    "lookup('pipe', 'echo a; echo b')", "lookup('pipe', 'exit 3')", "query('lines', 'echo a; echo b')", "query('lines', 'exit 3')", "lookup('password', '/dev/null', seed='x')", "lookup('password', '/dev/null', length=8, chars=['digits'], seed='host')", "lookup('password', '/dev/null length=6 chars=ascii_lowercase,digits seed=q')", "lookup('password', '/dev/null', chars='abc,,', seed=3)", "lookup('password', '/dev/null') | length",
    "lookup('ini', 'user', section='integration', file=lookup_dir + '/users.ini')", "lookup('ini', 'nosuch', section='integration', file=lookup_dir + '/users.ini', default='d')", "query('ini', 'u.*', section='production', file=lookup_dir + '/users.ini', re=True)", "lookup('ini', 'x', section='nosuch', file=lookup_dir + '/users.ini')", "lookup('ini', 'home', section='production', file=lookup_dir + '/users.ini')", "lookup('ini', 'user.name', type='properties', file=lookup_dir + '/user.properties')",
    "lookup('csvfile', 'Li', file=lookup_dir + '/elements.csv', delimiter=',')", "lookup('csvfile', 'Li', file=lookup_dir + '/elements.csv', delimiter=',', col=2)", "lookup('csvfile', 'Xx', file=lookup_dir + '/elements.csv', delimiter=',', default='none')", "lookup('csvfile', 'Li', file=lookup_dir + '/nosuch.csv')", "query('random_choice', ['a'])",
]]

PLACES = {"lookup_dir": os.path.join(HERE, "lookup")}


def answer(expression, variables):
    given = dict(variables)
    given.update(PLACES)
    templar = Templar(loader=DataLoader(), variables=given)
    try:
        return {"answer": plain(templar.template(trust_as_template("{{ " + expression + " }}")))}
    except Exception as error:
        return {"error": str(error).replace(HERE, "TESTDATA")}


def plain(value):
    """Numbers that JSON has not are text with their type in front."""
    if isinstance(value, dict):
        return {"map": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return {"float": repr(float(value))}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return {"int": str(int(value))}
    return str(value)


def record(name, cases):
    out = []
    for case in cases:
        expression, variables = case if isinstance(case, tuple) else (case, {})
        entry = {"expression": expression}
        if variables:
            entry["vars"] = variables
        entry.update(answer(expression, variables))
        out.append(entry)
    with open(os.path.join(HERE, "corpus", name + ".json"), "w", encoding="utf-8", newline="\n") as f:
        f.write('{"recorded with": "ansible-core %s", "cases": [\n' % __version__)
        f.write(",\n".join(json.dumps(e) for e in out))
        f.write("\n]}\n")
    print(name, len(out), sum("error" in e for e in out), "errors")


for name, cases in {"yaml": YAML, "data": DATA, "text": TEXT, "numbers": NUMBERS, "tests": TESTS, "versions": VERSIONS, "lookups": LOOKUPS}.items():
    record(name, cases)
