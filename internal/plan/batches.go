package plan

import (
	"fmt"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/playbook"
	"kops/internal/value"
)

// Batches are the sizes that serial asks for. The zero Batches is one batch of all.
type Batches struct {
	Rack  bool // serial: rack, of strategy kafka_rolling: the servers of one rack at a time
	sizes []int
	total int
}

// Batches evaluates serial for a play on the named hosts.
func (p *Plan) Batches(play *Play, hosts []string) (Batches, error) {
	b := Batches{total: len(hosts)}
	if !play.Serial.Given() {
		return b, nil
	}
	v, err := p.playScope(play).Value(play.Serial.Value)
	if err != nil {
		return b, err
	}
	if v == "rack" && value.Str(play.Strategy.Value) == playbook.KafkaRolling {
		b.Rack = true
		return b, nil
	}
	items := []value.Value{v}
	if l, ok := v.(*value.List); ok {
		items = l.Items
	}
	for _, item := range items {
		n, err := batchSize(value.Str(item), len(hosts))
		if err != nil {
			return b, diag.Errorf(play.Serial.Pos, "serial: %w", err)
		}
		b.sizes = append(b.sizes, n)
	}
	return b, nil
}

func batchSize(text string, total int) (int, error) {
	text = strings.TrimSpace(text)
	percent, isPercent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(percent, 64)
	if err != nil || n < 0 || !isPercent && n != float64(int(n)) {
		return 0, fmt.Errorf("%q is neither a number of hosts nor a percentage", text)
	}
	if isPercent {
		return max(1, int(n/100*float64(total))), nil
	}
	if n == 0 {
		return total, nil
	}
	return int(n), nil
}

// Size returns the size of a batch, counting from 1. The last size counts for all that follow.
func (b Batches) Size(i int) int {
	if len(b.sizes) == 0 {
		return b.total
	}
	return b.sizes[min(i, len(b.sizes))-1]
}

// Count returns how many batches so many hosts make.
func (b Batches) Count(hosts int) int {
	n := 0
	for hosts > 0 {
		n++
		hosts -= b.Size(n)
	}
	return n
}
