package overlay

import (
	"context"
	"net"
)

// Dial implements remote.Reader. What a service answers now says nothing of what it will answer
// once earlier tasks have started or restarted services, on this host or on another of the run.
// Docker's modules reach its socket all the same: they ask by Object and UnitTouched what is not to be trusted.
func (r *Reader) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if why := r.network(); why != "" && network != "unix" {
		return nil, r.Unknown("what " + address + " answers after '" + why + "'")
	}
	return r.Reader.Dial(ctx, network, address)
}

// Network implements remote.Foreseer.
func (r *Reader) Network() error {
	if why := r.network(); why != "" {
		return r.Unknown("connections after '" + why + "'")
	}
	return nil
}
