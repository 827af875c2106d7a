package kafka

import (
	"reflect"
	"testing"
)

func TestLevelEdits(t *testing.T) {
	have := []Setting{
		{Name: "root", Value: "INFO"}, {Name: "kafka", Value: "WARN"}, {Name: "kafka.log", Value: "DEBUG"},
		{Name: "kafka.server.KafkaApis", Value: "WARN"}, {Name: "kafka.server.Old", Value: "INFO"},
	}
	tests := []struct {
		name, logger, level string
		want                []Edit
	}{
		{"set", "kafka.log", "TRACE", []Edit{{Name: "kafka.log", Value: "TRACE"}}},
		{"as it is", "kafka.log", "DEBUG", nil},
		{"not listed", "kafka.new", "DEBUG", []Edit{{Name: "kafka.new", Value: "DEBUG"}}},
		{"to what it inherits", "kafka.log", "", []Edit{{Name: "kafka.log", Delete: true}}},
		{"inherits from the nearest above", "kafka.server.KafkaApis", "", nil},
		{"shows root's level", "kafka.server.Old", "", nil},
		{"not listed, inherits", "kafka.new", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := LevelEdits(have, map[string]string{tt.logger: tt.level})
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("edits %+v, error %v, want %+v", got, err, tt.want)
			}
		})
	}
	if _, err := LevelEdits(have, map[string]string{"root": ""}); err == nil {
		t.Error("root has no default")
	}
}
