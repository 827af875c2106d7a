//go:build lab && torture

package tests

import "testing"

// TestTortureKafkaModules has the kafka modules talk to real clusters of each kind.
func TestTortureKafkaModules(t *testing.T) { tryModules(t, clusters) }
