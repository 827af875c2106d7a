// Package arch holds the test of who may import whom. The table is that of
// docs/architecture.md: change both together.
package arch
