package testkit

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Wire lies between a client and a Redis, counts the commands that come, and cuts the connection of some of them.
type Wire struct {
	URL string
	// Seen is how many of the watched commands have come.
	Seen atomic.Int64

	command  []byte
	everyNth int64
	listener net.Listener
	target   string
	all      sync.WaitGroup
	mu       sync.Mutex
	open     []net.Conn
}

// NewWire lays one before a server; it cuts at every nth of the commands, all of them when n is 1. It is gone after the test.
func NewWire(t *testing.T, redis *Redis, command string, n int64) *Wire {
	t.Helper()
	path := filepath.Join(tempDir(t), "wire.sock")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{
		URL: "unix://" + path, command: []byte(command), everyNth: n, listener: listener,
		target: strings.TrimPrefix(redis.URL, "unix://"),
	}
	w.all.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close() // accept ends of it
		w.mu.Lock()
		for _, end := range w.open {
			_ = end.Close() // may be cut already
		}
		w.mu.Unlock()
		w.all.Wait()
	})
	return w
}

func (w *Wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", w.target)
		if err != nil { // the server is away: so is this
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, near, far)
		w.mu.Unlock()
		w.all.Go(func() { w.forward(near, far) })
		w.all.Go(func() {
			_, _ = io.Copy(near, far) // ends with either end
			_ = near.Close()
		})
	}
}

// forward passes requests on until it cuts; a client writes each of its commands at once.
func (w *Wire) forward(near, far net.Conn) {
	defer func() { _ = errors.Join(near.Close(), far.Close()) }()
	buffer := make([]byte, 64*1024)
	for {
		n, err := near.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(bytes.ToLower(buffer[:n]), w.command) && w.Seen.Add(1)%w.everyNth == 0 {
			return
		}
		if _, err := far.Write(buffer[:n]); err != nil {
			return
		}
	}
}
