// Package fleet measures kops on a thousand hosts that are simulated inside the same process:
// the SSH connections over loopback are real, the shells behind them are stand-ins that know
// kops's own scripts for files and answer them from memory.
package fleet
