package server

import (
	"net"
	"strconv"

	"github.com/perkdb/perk"
)

// choosePorts fills zero ports with free ones. A node in localhost mode expects the raft RPC port right after the raft port, and the data
// port right after the gossip port, whatever its settings say.
func (c *Config) choosePorts() error {
	for _, port := range []*int{&c.HTTP, &c.GRPC, &c.Gossip, &c.Raft} {
		if *port != 0 {
			continue
		}
		p, held, err := freePair()
		if err != nil {
			return err
		}
		for _, ln := range held {
			defer ln.Close() // held until all are chosen, so that they differ
		}
		*port = p
	}
	return nil
}

// freePair finds a free port whose next one is free too.
func freePair() (int, []net.Listener, error) {
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, nil, perk.E(perk.EUnavailable, "server.Start", err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
		if err == nil {
			return port, []net.Listener{first, second}, nil
		}
		first.Close()
	}
	return 0, nil, perk.Errorf(perk.EUnavailable, "server.Start", "found no two free ports in a row")
}
