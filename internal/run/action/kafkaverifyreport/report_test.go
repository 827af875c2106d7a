package kafkaverifyreport

import (
	"strings"
	"testing"

	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func found(host, check, proven, fault string) *value.Map {
	return value.NewMap("host", host, "check", check, "proven", proven, "fault", fault)
}

func TestReport(t *testing.T) {
	rows := value.NewList(
		found("ops1", "prometheus", "answers", ""), found("kafka1", "target node", "", "node on kafka1:9100 is down"), found("elsewhere", "target own", "", "down"),
		found("kafka1", "node-exporter", "active", "and yet it does not listen"))
	out, err := actiontest.Call{Args: value.NewMap("hosts", value.NewList("kafka1", "kafka2", "ops1"), "rows", rows)}.Act(t, New())
	if err != nil || out.Changed || out.Spec != nil {
		t.Fatalf("%+v %v", out, err)
	}
	columns := out.Result.At("show_table").(*value.List).Items
	var lines []string
	for _, row := range out.Result.At("rows").(*value.List).Items {
		var cells []string
		for _, column := range columns {
			cells = append(cells, row.(*value.Map).String(value.Str(column)))
		}
		lines = append(lines, strings.Join(cells, " | "))
	}
	want := `kafka1 | target node | fault | node on kafka1:9100 is down
kafka1 | node-exporter | fault | and yet it does not listen
kafka2 | verification | fault | not verified: it failed or could not be reached
ops1 | prometheus | ok | answers
elsewhere | target own | fault | down`
	if got := strings.Join(lines, "\n"); got != want || out.Result.At("faults") != int64(4) {
		t.Errorf("%v faults in\n%s\nwant 4 in\n%s", out.Result.At("faults"), got, want)
	}
}

func TestBadRows(t *testing.T) {
	for _, tt := range []struct {
		row  *value.Map
		want string
	}{
		{found("a", "unit", "", ""), "rows: item 1: wants host, check, and proven or fault"},
		{found("", "unit", "active", ""), "rows: item 1: wants host, check, and proven or fault"},
		{value.NewMap("host", "a", "check", "unit", "cause", "stopped"), "rows: item 1: cause is none of host, check, proven, fault"},
	} {
		_, errs := New().Decode(value.NewMap("hosts", value.NewList("a"), "rows", value.NewList(tt.row)))
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), tt.want) {
			t.Errorf("%v, want %s", errs, tt.want)
		}
	}
}
