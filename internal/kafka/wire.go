package kafka

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The client library dials addresses, and does not say which broker it means. Where several
// brokers advertise one address (localhost, each on its own host), that is not enough. So each
// address in an answer gets the broker's number in front, which the dial function takes off.

// maxAnswer limits the size of one answer.
const maxAnswer = 100 << 20

// numbered is a broker's address with its number in front: "3@localhost".
func numbered(id int32, host string) string { return fmt.Sprintf("%d@%s", id, host) }

// unnumbered takes the number off again; -1 where there is none, as before bootstrap addresses.
func unnumbered(address string) (int32, string) {
	number, plain, ok := strings.Cut(address, "@")
	id, err := strconv.ParseInt(strings.TrimPrefix(number, "["), 10, 32)
	if !ok || err != nil {
		return -1, address
	}
	if strings.HasPrefix(number, "[") { // an IPv6 address, which the library put into brackets
		plain = "[" + plain
	}
	return int32(id), plain
}

// A numberer is a connection to a broker on which answers name brokers with their numbers.
type numberer struct {
	net.Conn
	mu     sync.Mutex
	asked  map[int32]kmsg.Response // requests whose answers name brokers, by correlation
	header []byte                  // of the request that is being written, as far as it has come
	rest   int                     // bytes of that request which are still to come
	answer []byte                  // what is read and not yet handed on
}

func newNumberer(conn net.Conn) *numberer {
	return &numberer{Conn: conn, asked: map[int32]kmsg.Response{}}
}

// Write sends requests, and remembers those whose answers name brokers.
func (n *numberer) Write(p []byte) (int, error) {
	n.mu.Lock()
	for rest := p; len(rest) > 0; {
		rest = n.note(rest)
	}
	n.mu.Unlock()
	return n.Conn.Write(p)
}

// requestHeader is the length of a request's size, key, version and correlation.
const requestHeader = 12

// note reads on in what is sent and returns what it has not looked at.
func (n *numberer) note(p []byte) []byte {
	if n.rest > 0 {
		skipped := min(n.rest, len(p))
		n.rest -= skipped
		return p[skipped:]
	}
	taken := min(requestHeader-len(n.header), len(p))
	n.header = append(n.header, p[:taken]...)
	if len(n.header) < requestHeader {
		return p[taken:]
	}
	key, version := binary.BigEndian.Uint16(n.header[4:]), binary.BigEndian.Uint16(n.header[6:])
	var response kmsg.Response
	switch kmsg.Key(key) {
	case kmsg.Metadata:
		response = kmsg.NewPtrMetadataResponse()
	case kmsg.DescribeCluster:
		response = kmsg.NewPtrDescribeClusterResponse()
	}
	if response != nil {
		response.SetVersion(int16(version))
		n.asked[int32(binary.BigEndian.Uint32(n.header[8:]))] = response
	}
	n.rest = max(0, int(binary.BigEndian.Uint32(n.header))+4-requestHeader)
	n.header = n.header[:0]
	return p[taken:]
}

// Read reads answers, one at a time.
func (n *numberer) Read(p []byte) (int, error) {
	if len(n.answer) == 0 {
		var size [4]byte
		if _, err := io.ReadFull(n.Conn, size[:]); err != nil {
			return 0, err
		}
		length := binary.BigEndian.Uint32(size[:])
		if length > maxAnswer {
			// Not Kafka's protocol: what it is, the library tells best.
			n.answer = size[:]
			return n.hand(p)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(n.Conn, body); err != nil {
			return 0, err
		}
		body = n.rename(body)
		n.answer = append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	return n.hand(p)
}

func (n *numberer) hand(p []byte) (int, error) {
	count := copy(p, n.answer)
	n.answer = n.answer[count:]
	return count, nil
}

// rename puts the numbers into an answer that names brokers. One that cannot be read is left
// to the library, which will say so.
func (n *numberer) rename(body []byte) []byte {
	if len(body) < 4 {
		return body
	}
	n.mu.Lock()
	correlation := int32(binary.BigEndian.Uint32(body))
	response := n.asked[correlation]
	delete(n.asked, correlation)
	n.mu.Unlock()
	if response == nil {
		return body
	}
	reader := kbin.Reader{Src: body[4:]}
	if response.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	if reader.Complete() != nil || response.ReadFrom(reader.Src) != nil {
		return body
	}
	switch r := response.(type) {
	case *kmsg.MetadataResponse:
		for i, b := range r.Brokers {
			r.Brokers[i].Host = numbered(b.NodeID, b.Host)
		}
	case *kmsg.DescribeClusterResponse:
		for i, b := range r.Brokers {
			r.Brokers[i].Host = numbered(b.NodeID, b.Host)
		}
	}
	renamed := append([]byte(nil), body[:4]...)
	if response.IsFlexible() {
		renamed = append(renamed, 0) // no tags
	}
	return response.AppendTo(renamed)
}
