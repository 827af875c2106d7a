// Package tests holds the tests of the whole on the lab's real machines: a fleet from
// nothing, its monitoring, the second run, what breaks, a reboot. They run with the build
// tag lab, by lab/test.
package tests
