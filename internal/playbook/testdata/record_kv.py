#!/usr/bin/env python3
"""Records how ansible-core splits key=value arguments: run with a Python that has ansible-core.

    python3 record_kv.py > kv.json
"""
import json
from ansible.parsing.splitter import parse_kv

CASES = [
    "src=a dest=b", "src=a   dest='b c'", 'content="x=y z"', "a={{ b }} c={{ d | default('e f') }}", "ls -l /tmp", "ls creates=/x chdir=/y -l",
    "echo a=b c", 'echo "a  b"   c', "a='it''s'", r'msg="say \"hi\""', r"msg=a\nb", r"a\=b", "a=1\nb=2", "first line\nsecond  line\n",
    "cmd \\\n  --flag", "x={% if a %}b c{% endif %} y=1", "path=/etc/{{ name }}.conf mode=0644", "a=", "=a", "key = value", "  lead=1", "",
    "awk '{ print $1 }' f", "echo {{ a }}={{ b }}", r"echo \x41 k=\x41", "a=b=c", "a='b' c", 'a="b"c', "executable=/bin/bash set -e; x=1 y",
    "a={# c d #}b", "set_fact a='{{ b }} {{ c }}'", "a=\"{{ x['y z'] }}\"", "grep -E 'a b' f | sort  -u",
]
out = []
for text in CASES:
    for raw in (False, True):
        try:
            result = {k: v for k, v in parse_kv(text, check_raw=raw).items()}
        except Exception:
            result = None
        out.append({"text": text, "raw": raw, "result": result})
print(json.dumps(out, indent=0))
