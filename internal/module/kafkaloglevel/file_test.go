package kafkaloglevel

import (
	"strings"
	"testing"
)

const log4j = `# Ours.
log4j.rootLogger=INFO, stdout
log4j.logger.kafka=INFO
log4j.logger.kafka.request.logger = WARN, requestAppender
log4j.additivity.kafka.request.logger=false
`

const log4j2 = `# Ours.
Configuration:
  Appenders:
    Console:
      name: kafka
      ThresholdFilter: {level: WARN}
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        - ref: STDOUT
          level: ERROR
    Logger:
      # The brokers'.
      - name: kafka
        level: INFO
      - name: kafka.request.logger
        AppenderRef:
          ref: RequestAppender
          level: ERROR
        level: WARN # enough
`

func TestEdit(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             map[string]string
		diff             string // lines that go and come
	}{
		{"as it is", "x.properties", log4j, map[string]string{"kafka": "INFO", "root": "INFO"}, ""},
		{"default that was never left", "x.properties", log4j, map[string]string{"kafka": "", "kafka.nope": ""}, ""},
		{"appenders stay", "x.properties", log4j, map[string]string{"kafka.request.logger": "DEBUG"},
			"-log4j.logger.kafka.request.logger = WARN, requestAppender\n+# set by kops, before: WARN\n+log4j.logger.kafka.request.logger = DEBUG, requestAppender\n"},
		{"root", "x.properties", log4j, map[string]string{"root": "WARN"},
			"-log4j.rootLogger=INFO, stdout\n+# set by kops, before: INFO\n+log4j.rootLogger=WARN, stdout\n"},
		{"a new logger", "x.properties", log4j, map[string]string{"kafka.log": "TRACE"}, "+# set by kops, before: none\n+log4j.logger.kafka.log=TRACE\n"},
		{"as it is", "x.yaml", log4j2, map[string]string{"kafka": "INFO", "root": "INFO", "kafka.request.logger": "WARN"}, ""},
		{"the logger's own level", "x.yaml", log4j2, map[string]string{"kafka.request.logger": "DEBUG"},
			"-        level: WARN # enough\n+        # set by kops, before: WARN\n+        level: DEBUG # enough\n"},
		{"root", "x.yaml", log4j2, map[string]string{"root": "WARN"}, "-      level: INFO\n+      # set by kops, before: INFO\n+      level: WARN\n"},
		{"a new logger", "x.yml", log4j2, map[string]string{"kafka.log": "TRACE"}, "+      # set by kops, before: none\n+      - name: kafka.log\n+        level: TRACE\n"},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.name, func(t *testing.T) {
			l, err := layoutOf(tt.file)
			if err != nil {
				t.Fatal(err)
			}
			after, err := edit(l, tt.text, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := changed(tt.text, after); got != tt.diff {
				t.Errorf("changed\n%swant\n%s", got, tt.diff)
			}
			if again, err := edit(l, after, tt.want); err != nil || again != after {
				t.Errorf("the second time, error %v:\n%s", err, changed(after, again))
			}
			other, back := map[string]string{}, map[string]string{}
			for name := range tt.want {
				other[name], back[name] = "ERROR", ""
			}
			twice, err := edit(l, after, other)
			if err != nil {
				t.Fatal(err)
			}
			if restored, err := edit(l, twice, back); err != nil || restored != tt.text {
				t.Errorf("back to the default, error %v:\n%s", err, changed(tt.text, restored))
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	for _, text := range []string{
		"", "Configuration: {Loggers: {Root: {level: INFO}}}\n",
		"Loggers:\n  Logger:\n    - {name: kafka, level: INFO}\n",
		"Loggers:\n  Logger:\n    - name: kafka.log\n      additivity: false\n",
	} {
		if out, err := edit(yaml{}, text, map[string]string{"kafka.log": "DEBUG"}); err == nil {
			t.Errorf("%q becomes %q", text, out)
		}
	}
	if _, err := layoutOf("/etc/kafka/log4j.xml"); err == nil {
		t.Error("an XML file is taken")
	}
}

// changed lists the lines that are in one text alone, those that go before those that come.
func changed(before, after string) string {
	count := map[string]int{}
	for line := range strings.Lines(before) {
		count[line]++
	}
	var come strings.Builder
	for line := range strings.Lines(after) {
		if count[line]--; count[line] < 0 {
			come.WriteString("+" + line)
			count[line] = 0
		}
	}
	var gone strings.Builder
	for line := range strings.Lines(before) {
		if count[line] > 0 {
			gone.WriteString("-" + line)
			count[line]--
		}
	}
	return gone.String() + come.String()
}
