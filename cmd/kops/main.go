// Command kops runs playbooks over SSH.
package main

import (
	"os"

	"kops/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.System()))
}
