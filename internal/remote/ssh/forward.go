package ssh

import (
	"fmt"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// forwardAgent lets the host use the agent behind the socket, as ForwardAgent asks for; "" for
// none.
func forwardAgent(conn *ssh.Client, socket string) error {
	if socket == "" {
		return nil
	}
	if err := agent.ForwardToRemote(conn, socket); err != nil {
		return fmt.Errorf("forward the agent: %w", err)
	}
	return nil
}
