//go:build lab

package tests

import (
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// The kernel's connector tells of every program that starts, so that one which lives for a
// moment only is looked at too (include/uapi/linux/cn_proc.h).
const (
	netlinkConnector = 11
	cnProc           = 1
	listen           = 1
	execEvent        = 2
	headerSize       = 16 + 20 // of netlink, and of the connector
)

// execSocket subscribes to the kernel's events about processes.
func execSocket(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, netlinkConnector)
	if err != nil {
		t.Fatalf("the kernel's events about processes: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	message := make([]byte, headerSize+4)
	binary.NativeEndian.PutUint32(message, uint32(len(message)))
	binary.NativeEndian.PutUint16(message[4:], syscall.NLMSG_DONE)
	binary.NativeEndian.PutUint32(message[16:], cnProc)
	binary.NativeEndian.PutUint32(message[20:], cnProc)
	binary.NativeEndian.PutUint16(message[32:], 4) // what follows
	binary.NativeEndian.PutUint32(message[36:], listen)
	for _, step := range []func() error{
		func() error { return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 16<<20) },
		func() error {
			return syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Usec: 100000})
		},
		func() error {
			return syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: cnProc})
		},
		func() error {
			return syscall.Sendto(fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
		},
	} {
		if err := step(); err != nil {
			t.Fatalf("the kernel's events about processes: %v", err)
		}
	}
	return fd
}

// execs reads the command line of each program as it starts.
func (w *watcher) execs(fd int) {
	runtime.LockOSThread() // never unlocked: the thread ends with its priority
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), -20)
	buf := make([]byte, 8192)
	for {
		select {
		case <-w.stop:
			return
		default:
		}
		n, _, err := syscall.Recvfrom(fd, buf, 0)
		if err != nil || n < headerSize+24 || binary.NativeEndian.Uint32(buf[headerSize:]) != execEvent {
			continue // nothing for a while, or another event
		}
		pid := strconv.Itoa(int(binary.NativeEndian.Uint32(buf[headerSize+16:])))
		if line, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && len(line) > 0 {
			w.started++
			w.look(string(line))
			w.environment(pid, string(line))
		} else {
			w.missed++
		}
	}
}
