"""Records what ansible-playbook answers to the playbooks in oracle/.

    python record.py [NAME…]        with an ansible-core in the same environment

For each oracle/NAME.yaml it writes oracle/NAME.json: the exit code, the recap, and for
each task the status of each host, of the items of its loop, and what debug said. A first
line "# options: {…}" (JSON) gives the command line's options. The file is a script and,
for ansible-playbook, the callback plugin that writes the answer.
"""
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))

try:
    from ansible.plugins.callback import CallbackBase
except ImportError:
    CallbackBase = object

DOCUMENTATION = """
name: record
type: stdout
short_description: writes what happened as JSON
description: writes what happened as JSON
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "record"

    def __init__(self):
        super().__init__()
        self.tasks, self.by_id = [], {}

    def _task(self, result):
        task = result._task if hasattr(result, "_task") else result.task
        key = task._uuid
        if key not in self.by_id:
            self._start(task)
        return self.by_id[key]

    def _start(self, task):
        entry = {"name": task.get_name().strip(), "hosts": {}}
        self.by_id[task._uuid] = entry
        self.tasks.append(entry)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._start(task)

    def v2_playbook_on_handler_task_start(self, task):
        self._start(task)

    def _note(self, result, status):
        if result._task.action.rsplit(".", 1)[-1] == "meta":
            return
        entry, host, data = self._task(result), result._host.get_name(), result._result
        answer = {"status": status}
        items = entry.get("items", {}).pop(host, None)
        if items:
            answer["items"] = items
        task = result._task
        if task.action.rsplit(".", 1)[-1] == "debug" and status == "ok" and not items and not task.loop:
            answer["said"] = said(task, data)
        entry["hosts"][host] = answer

    def v2_runner_on_ok(self, result):
        self._note(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._note(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self._note(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self._note(result, "unreachable")

    def _item(self, result, status):
        answer = {"status": status}
        if result._task.action.rsplit(".", 1)[-1] == "debug" and status == "ok":
            answer["said"] = said(result._task, result._result)
        self._task(result).setdefault("items", {}).setdefault(result._host.get_name(), []).append(answer)

    def v2_runner_item_on_ok(self, result):
        self._item(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_item_on_failed(self, result):
        self._item(result, "failed")

    def v2_runner_item_on_skipped(self, result):
        self._item(result, "skipped")

    def v2_playbook_on_stats(self, stats):
        names = sorted(stats.processed)
        recap = {}
        for name in names:
            counts = stats.summarize(name)
            recap[name] = {"unreachable" if k == "unreachable" else "failed" if k == "failures" else k: v for k, v in counts.items() if v}
        for entry in self.tasks:
            entry.pop("items", None)
        answer = {"recap": recap, "tasks": [t for t in self.tasks if t["hosts"]]}
        with open(os.environ["KOPS_RECORD"], "w") as out:
            out.write(json.dumps(answer, default=str))


def said(task, data):
    if "var" in task.args:
        return next((v for k, v in data.items() if k not in ("changed", "failed", "msg", "item", "ansible_loop_var", "_ansible_verbose_always") and not k.startswith("_ansible")), None)
    return data.get("msg")


def options(path):
    with open(path) as f:
        found = re.match(r"# options: (.*)", f.readline())
    return json.loads(found.group(1)) if found else {}


def record(name):
    path = os.path.join("oracle", name + ".yaml")
    opts = options(os.path.join(HERE, path))
    argv = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", "oracle/inventory/hosts.yaml", path]
    if "extra" in opts:
        argv += ["-e", json.dumps(opts["extra"])]
    for key, flag in (("tags", "--tags"), ("skip_tags", "--skip-tags")):
        if key in opts:
            argv += [flag, ",".join(opts[key])]
    if "limit" in opts:
        argv += ["--limit", opts["limit"]]
    if opts.get("check"):
        argv.append("--check")
    if opts.get("force_handlers"):
        argv.append("--force-handlers")
    answer = os.path.join("/tmp", "kops-record-%s.json" % name)
    env = dict(os.environ, KOPS_RECORD=answer, ANSIBLE_CALLBACK_PLUGINS=HERE, ANSIBLE_STDOUT_CALLBACK="record",
               ANSIBLE_NOCOLOR="1", ANSIBLE_FORKS="4", ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_RETRY_FILES_ENABLED="0")
    run = subprocess.run(argv, cwd=HERE, env=env, capture_output=True, text=True)
    if not os.path.exists(answer):
        return "%s: no answer\n%s%s" % (name, run.stdout, run.stderr)
    with open(answer) as f:
        data = json.load(f)
    os.remove(answer)
    data = {"exit": run.returncode, **data}
    with open(os.path.join(HERE, "oracle", name + ".json"), "w") as out:
        out.write(pretty(data) + "\n")
    return None


def pretty(data):
    """One line a task, so that a difference is a line."""
    lines = ["{", '  "exit": %d,' % data["exit"], '  "recap": {']
    hosts = ["    %s: %s" % (json.dumps(h), json.dumps(c)) for h, c in data["recap"].items()]
    lines += [",\n".join(hosts), "  },", '  "tasks": [']
    tasks = ["    " + json.dumps({"name": t["name"], "hosts": dict(sorted(t["hosts"].items()))}) for t in data["tasks"]]
    lines += [",\n".join(tasks), "  ]", "}"]
    return "\n".join(line for line in lines if line)


def main():
    names = sys.argv[1:] or sorted(f[:-5] for f in os.listdir(os.path.join(HERE, "oracle")) if f.endswith(".yaml"))
    with ThreadPoolExecutor(2) as pool:
        for name, error in zip(names, pool.map(record, names)):
            print(error or name + ": recorded")


if __name__ == "__main__":
    main()
