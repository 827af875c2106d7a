#!/usr/bin/env python3
"""Records what real Jinja2, run by ansible-core, answers to the cases in cases.py.

    python3 -m venv venv && venv/bin/pip install ansible-core jinja2
    venv/bin/python record.py

Each case is a template (kind "template": text as in a playbook; kind "expression": a bare
expression, as in when) with variables. Cases with files use plain Jinja2 with strict
undefined values, since ansible-core cannot be given templates from memory.
The answer is a JSON value, or error: true.
"""
import json
import math
import pathlib
import sys

import ansible
import jinja2
from ansible.parsing.dataloader import DataLoader
from ansible._internal._templating._engine import TemplateEngine, TemplateOptions
from ansible._internal._templating._jinja_bits import TemplateOverrides
from ansible._internal._datatag._tags import TrustedAsTemplate

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import cases  # noqa: E402


class Undefined(jinja2.StrictUndefined):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key):
        return self


def encode(v):
    """Makes JSON of an answer: what JSON cannot say is tagged."""
    if isinstance(v, float) and (math.isnan(v) or math.isinf(v)):
        return {"$float": repr(v)}
    if isinstance(v, bytes):
        return {"$bytes": v.hex()}
    if isinstance(v, dict):
        return {"$map": [[encode(k), encode(x)] for k, x in v.items()]}
    if isinstance(v, (list, tuple)):
        return [encode(x) for x in v]
    if isinstance(v, float):
        return {"$float": repr(v)}
    if v is None or isinstance(v, (bool, int, str)):
        return int(v) if type(v) is not bool and isinstance(v, int) else str(v) if isinstance(v, str) else v
    raise TypeError(f"cannot record {type(v)}")


def run_ansible(case):
    engine = TemplateEngine(DataLoader(), variables=case.get("vars", {}))
    source = TrustedAsTemplate().tag(case["source"])
    if case["kind"] == "expression":
        return engine.evaluate_expression(source)
    options = TemplateOptions(escape_backslashes=False, preserve_trailing_newlines=False,
                              overrides=TemplateOverrides.from_kwargs(case.get("options")))
    return engine.template(source, options=options)


def run_plain(case):
    env = jinja2.Environment(
        loader=jinja2.DictLoader(case.get("files", {})), undefined=Undefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], **case.get("options", {}))
    return env.from_string(case["source"]).render(case.get("vars", {}))


def main():
    total = 0
    for group, group_cases in cases.GROUPS.items():
        out = []
        for case in group_cases:
            case = dict(case)
            try:
                v = run_plain(case) if "files" in case else run_ansible(case)
                case["answer"] = encode(v)
            except Exception as e:  # any failure is the recorded answer
                case["error"] = True
                case["message"] = str(e).strip()
            if case["vars"] is cases.VARS:
                del case["vars"]
            out.append(case)
            total += 1
        head = {"vars": cases.VARS, "recorded_with": f"Jinja2 {jinja2.__version__}, ansible-core {ansible.__version__}, Python {sys.version.split()[0]}"}
        lines = ",\n".join("  " + json.dumps(c, ensure_ascii=False) for c in out)
        (HERE / "corpus" / f"{group}.json").write_text(
            "{" + json.dumps(head)[1:-1] + ", \"cases\": [\n" + lines + "\n]}\n", encoding="utf-8")
        print(group, len(out), sum("error" in c for c in out), "errors")
    print(total)


if __name__ == "__main__":
    main()
