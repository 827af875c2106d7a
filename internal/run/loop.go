package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// loop runs the task for each item and sums the outcomes up.
func (x *execution) loop(ctx context.Context, s *template.Scope) *outcome {
	total := &outcome{task: x.t, status: event.OK, pos: x.t.Pos}
	items, unknown, err := x.items(s)
	switch {
	case unknown != nil:
		if v, err := s.Conditions(x.p.conditions(x.t)); err == nil && !v.Holds && !v.Unknown {
			return x.close(s, skipped(total))
		}
		name, _ := text(s, x.t.Loop.LoopVar)
		x.touch(ctx, x.p.scopeWith(s, value.NewMap(cmp.Or(name, "item"), *unknown)))
		return x.close(s, total.unknown(unknown.Why))
	case err != nil:
		if x.skippedAnyway(s) {
			return x.close(s, skipped(total))
		}
		return x.close(s, total.fails(err))
	case len(items) == 0:
		total.status, total.msg = event.Skipped, "No items in the list"
		total.merge(value.NewMap("results", value.NewList(), "skipped_reason", "No items in the list"))
		return x.close(s, total)
	}
	x.looped = items
	left, seen := value.NewMap(), s // what earlier items left, and the scope that has it
	for i := range items {
		x.item = i
		if ctx.Err() != nil {
			total.fails(ctx.Err())
			break
		}
		o, stop := x.oneItem(ctx, seen, items, i)
		if more := x.leaves(o); more.Len() > 0 {
			left = left.Clone().Merge(more)
			seen = x.p.scopeWith(s, left)
		}
		total.items = append(total.items, o)
		if o.status == event.Unreachable || stop {
			break
		}
	}
	x.sum(total)
	return x.close(s, total)
}

// skippedAnyway tells whether the condition is false whatever the items are: then a loop
// over something undefined is no error.
func (x *execution) skippedAnyway(s *template.Scope) bool {
	v, err := s.Conditions(x.p.conditions(x.t))
	return err == nil && !v.Holds && !v.Unknown
}

func skipped(o *outcome) *outcome {
	o.status = event.Skipped
	o.msg = "the condition is false"
	o.merge(value.NewMap("skip_reason", "Conditional result was False"))
	return o
}

// items evaluates the list that the loop runs over.
func (x *execution) items(s *template.Scope) ([]value.Value, *value.Unknown, error) {
	l := x.t.Loop
	if l.With != "" {
		items, err := s.LoopItems(l.With, l.Items.Value, l.Items.Pos)
		if slices.ContainsFunc(items, template.IsOmit) {
			err = omittedLoop(l.Items.Pos)
		}
		return items, nil, err
	}
	v, err := s.Value(l.Items.Value)
	if err != nil {
		return nil, nil, err
	}
	if template.IsOmit(v) {
		return nil, nil, omittedLoop(l.Items.Pos)
	}
	switch v := v.(type) {
	case value.Unknown:
		return nil, &v, nil
	case *value.List:
		return v.Items, nil, nil
	case value.Tuple:
		return v, nil, nil
	}
	d := diag.Errorf(l.Items.Pos, "loop needs a list, not %s", value.TypeName(v))
	switch v.(type) {
	case *value.Map:
		d.Hint = "`| dict2items` makes a list of a mapping"
	case string:
		d.Hint = "write a list, or `query(...)` in place of `lookup(...)`"
	}
	return nil, nil, d
}

func omittedLoop(pos value.Position) error {
	return diag.Errorf(pos, "the loop's list is omit").WithHint("`default([])` gives a loop without items")
}

// leaves are the variables that an item leaves to those behind it: its facts and what it registered, over all
// else, as in Ansible.
func (x *execution) leaves(o *outcome) *value.Map {
	m := value.NewMap()
	if x.t.Register != "" && o.status != event.Skipped {
		m.Set(x.t.Register, o.register())
	}
	if o.action.Facts != nil && o.action.Level != action.HostFacts {
		m.Merge(o.action.Facts)
	}
	return m
}

// oneItem runs the task for one item and emits its result. stop ends the loop (break_when).
func (x *execution) oneItem(ctx context.Context, s *template.Scope, items []value.Value, i int) (o *outcome, stop bool) {
	l := x.t.Loop
	name, m, err := x.itemVars(s, items, i)
	is := x.p.scopeWith(s, m)
	o = &outcome{task: x.t}
	if err != nil {
		o.fails(err)
	} else {
		o = x.tries(ctx, is)
	}
	if o.status == event.OK { // notifies if another item makes the task changed
		o.notifies = x.notifies(is, o)
	}
	o.item = true
	o.label = x.label(is, items[i])
	o.result.Set(name, items[i])
	o.result.Set("ansible_loop_var", name)
	o.result.Set("_ansible_item_label", o.label)
	x.p.Emit(o.event(x.id, x.h))
	if len(l.BreakWhen) > 0 {
		v, err := x.withResult(is, o).Conditions(clauses(l.BreakWhen))
		if err != nil {
			o.fails(err)
		}
		stop = v.Holds
	}
	if pause, _ := number(s, l.Pause, 0); pause > 0 && i < len(items)-1 {
		x.busy.step(fmt.Sprintf("pause of %d s between items", pause))
		sleep(ctx, time.Duration(pause)*time.Second)
	}
	return o, stop
}

// itemVars are the variables of one item, and the name of the item itself.
func (x *execution) itemVars(s *template.Scope, items []value.Value, i int) (name string, m *value.Map, err error) {
	l := x.t.Loop
	name, err = text(s, l.LoopVar)
	if name == "" {
		name = "item"
	}
	m = value.NewMap(name, items[i], "ansible_loop_var", name)
	index, err2 := text(s, l.IndexVar)
	if index != "" {
		m.Set(index, int64(i))
		m.Set("ansible_index_var", index)
	}
	if extended, _ := flag(s, l.Extended, false); extended {
		m.Set("ansible_loop", extendedLoop(items, i))
	}
	if err2 != nil {
		err = err2
	}
	return name, m, err
}

// scopes are those in which the names of the task's handlers are evaluated: of a loop, one for
// each item, since one that changes something has those of all notified.
func (x *execution) scopes() []*template.Scope {
	if x.t.Loop == nil {
		return []*template.Scope{x.scope}
	}
	var all []*template.Scope
	for i := range x.looped {
		if _, m, err := x.itemVars(x.scope, x.looped, i); err == nil { // an item with an error does nothing
			all = append(all, x.p.scopeWith(x.scope, m))
		}
	}
	return all
}

func (x *execution) label(s *template.Scope, item value.Value) string {
	if x.t.Loop.Label.Given() {
		if label, err := text(s, x.t.Loop.Label); err == nil {
			return label
		}
	}
	return value.Str(item)
}

// extendedLoop is ansible_loop of loop_control.extended.
func extendedLoop(items []value.Value, i int) *value.Map {
	m := value.NewMap(
		"allitems", value.NewList(items...),
		"index", int64(i+1), "index0", int64(i),
		"revindex", int64(len(items)-i), "revindex0", int64(len(items)-i-1),
		"first", i == 0, "last", i == len(items)-1, "length", int64(len(items)),
	)
	if i > 0 {
		m.Set("previtem", items[i-1])
	}
	if i < len(items)-1 {
		m.Set("nextitem", items[i+1])
	}
	return m
}

// sum makes the task's result of those of its items.
func (x *execution) sum(total *outcome) {
	results := value.NewList()
	skippedAll, ignored, failed := true, true, []string{}
	for _, o := range total.items {
		results.Append(o.register())
		total.diffs = append(total.diffs, o.diffs...)
		total.notifies = append(total.notifies, o.notifies...)
		total.mayNotify = append(total.mayNotify, o.mayNotify...)
		if o.stale != "" {
			total.stale = o.stale
		}
		total.trips += o.trips
		total.noLog = total.noLog || o.noLog
		skippedAll = skippedAll && o.status == event.Skipped
		if o.result.Bool("changed") {
			total.merge(value.NewMap("changed", true))
		}
		switch o.status {
		case event.Changed:
			if total.status == event.OK || total.status == event.Unknown { // whatever the others do, something changes
				total.status, total.why, total.msg = event.Changed, "", ""
			}
		case event.Failed:
			failed = append(failed, o.label)
			ignored = ignored && o.ignored
			total.merge(value.NewMap("failed", true))
		case event.Unreachable:
			total.status, total.err = event.Unreachable, o.err
			total.msg = o.msg
		case event.Unknown:
			if total.status == event.OK {
				total.unknown(o.why)
			}
		}
	}
	total.merge(value.NewMap("results", results, "msg", "All items completed"))
	switch {
	case total.status == event.Unreachable:
	case len(failed) > 0:
		total.status, total.ignored = event.Failed, ignored
		total.msg = fmt.Sprintf("One or more items failed: %s", strings.Join(failed, ", "))
		total.merge(value.NewMap("msg", "One or more items failed"))
	case skippedAll:
		total.status, total.msg = event.Skipped, "All items skipped"
		total.merge(value.NewMap("msg", "All items skipped"))
	}
	if total.status != event.Changed {
		total.notifies = nil
	}
	if err := x.heard(total.notifies); err != nil {
		total.notifies = nil
		total.fails(err)
	}
}
