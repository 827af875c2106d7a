#!/usr/bin/env python3
"""Records how ansible-core reads plain scalars: run with a Python that has ansible-core.

    python3 record_scalars.py > scalars.txt

Each line is a YAML scalar, Python's name of its type and its text, with tabs between.
"""
from ansible.parsing.dataloader import DataLoader

SCALARS = """
yes Yes YES yEs no No NO true True TRUE tRue false False FALSE on On ON off Off OFF y Y n N
~ null Null NULL nULL
0 1 -1 +1 42 1_000 1_ 0644 0o644 0755 08 09 00 0_7 -0644 0b101 -0b1 0x1F 0xff_ff -0x10 0X1F 0b2
9223372036854775807 9223372036854775808 -9223372036854775809 123456789012345678901234567890
1:30 1:30:00 -1:30 190:20:30 1:60 0:30 12:30:45 22:22 190:20:30.15 1:5.5
1.0 -1.5 +1.5 .5 5. 1_000.5 1e5 1e+5 1.0e5 1.0e+5 1.5E-3 1.e+3 .5e-3 1.0e+400 1.2.3 1.10 3.10 00.5
.inf -.inf +.inf .Inf .INF .iNF .nan .NaN .NAN +.nan
2024-01-31 2024-13-31x 2001-12-14T21:59:43.10-05:00 2001-12-14t21:59:43Z 2001-1-4T1:59:43 2001-12-14T21:59:43.5
2001-12-14T21:59:43+01 1.2.3.4 10.0.0.1/24 1-2 -- + - . .. <<x a=b - 1a 0x 0xg _1 1,000
""".split()

for scalar in SCALARS:
    try:
        v = DataLoader().load(f"[{scalar}, x]" if "," not in scalar else f"- {scalar}\n")[0]
    except Exception:
        continue  # not a scalar
    name = type(v).__mro__[1].__name__ if type(v).__name__.startswith("_Ansible") else type(v).__name__
    print(scalar, name, v, sep="\t")
