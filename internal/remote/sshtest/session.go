package sshtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"
)

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	if s.opts.Silent {
		_, _ = io.Copy(io.Discard, c) // until the client gives up
		return
	}
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go func() {
		for r := range requests {
			_ = r.Reply(false, nil) // keep-alives want any answer
		}
	}()
	var sessions atomic.Int32
	var running sync.WaitGroup
	for ch := range channels {
		switch {
		case ch.ChannelType() == "session" && s.opts.MaxSessions > 0 && int(sessions.Load()) >= s.opts.MaxSessions:
			_ = ch.Reject(ssh.ConnectionFailed, "open failed")
		case ch.ChannelType() == "session":
			sessions.Add(1)
			running.Add(1)
			go func() {
				defer running.Done()
				defer sessions.Add(-1)
				s.session(c, ch)
			}()
		default:
			running.Add(1)
			go func() {
				defer running.Done()
				s.tunnel(ch)
			}()
		}
	}
	s.killAll(c)
	running.Wait()
}

// session answers exec.
func (s *Server) session(c net.Conn, opened ssh.NewChannel) {
	ch, requests, err := opened.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for r := range requests {
		var line struct{ Line string }
		if r.Type != "exec" || s.opts.NoExec || ssh.Unmarshal(r.Payload, &line) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		go ssh.DiscardRequests(requests)
		var status int
		if s.opts.Run != nil {
			status = s.opts.Run(line.Line, ch, ch, ch.Stderr())
		} else {
			status = s.run(c, ch, line.Line)
		}
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
		return
	}
}

// run runs a line and copies its input and outputs.
func (s *Server) run(c net.Conn, ch ssh.Channel, line string) int {
	cmd := exec.Command(s.opts.Shell[0], append(s.opts.Shell[1:len(s.opts.Shell):len(s.opts.Shell)], line)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, ch, ch.Stderr()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(ch.Stderr(), err)
		return 127
	}
	s.mu.Lock()
	s.groups[cmd.Process.Pid] = c
	s.mu.Unlock()
	go func() {
		_, _ = io.Copy(stdin, ch) // it may end before its input does
		_ = stdin.Close()
	}()
	err = cmd.Wait()
	s.mu.Lock()
	delete(s.groups, cmd.Process.Pid)
	s.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 {
		return 255
	}
	return cmd.ProcessState.ExitCode()
}

// killAll ends what runs for a connection, or, where it is nil, for all.
func (s *Server) killAll(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for group, of := range s.groups {
		if c == nil || c == of {
			_ = syscall.Kill(-group, syscall.SIGKILL) // that it has ended is what is wanted
		}
	}
}

// tunnel answers direct-tcpip and direct-streamlocal@openssh.com.
func (s *Server) tunnel(opened ssh.NewChannel) {
	if s.opts.NoForward {
		_ = opened.Reject(ssh.Prohibited, "administratively prohibited")
		return
	}
	network, address := "", ""
	switch opened.ChannelType() {
	case "direct-tcpip":
		var m struct {
			Host  string
			Port  uint32
			From  string
			FromP uint32
		}
		if ssh.Unmarshal(opened.ExtraData(), &m) == nil {
			network, address = "tcp", net.JoinHostPort(m.Host, fmt.Sprint(m.Port))
		}
	case "direct-streamlocal@openssh.com":
		var m struct {
			Path     string
			Reserved string
			Number   uint32
		}
		if ssh.Unmarshal(opened.ExtraData(), &m) == nil {
			network, address = "unix", m.Path
		}
	}
	if network == "" {
		_ = opened.Reject(ssh.UnknownChannelType, "unknown channel type")
		return
	}
	target, err := net.Dial(network, address)
	if err != nil {
		_ = opened.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer target.Close()
	ch, requests, err := opened.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(target, ch) // an end of either side ends both
		_ = target.Close()
	}()
	_, _ = io.Copy(ch, target)
}
