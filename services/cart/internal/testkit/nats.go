package testkit

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS is a real broker with JetStream, empty at first, gone after the test.
type NATS struct {
	URL     string
	program string
	folder  string
	port    string
	server  *server
}

// StartNATS starts one on a port that it chooses.
func StartNATS(t *testing.T) *NATS {
	t.Helper()
	n := &NATS{program: binary(t, "NATS_SERVER_BIN", "bin/nats-server"), folder: tempDir(t), port: "-1"}
	t.Cleanup(func() { n.Stop(t) })
	n.Start(t)
	return n
}

// Start starts it, on the same port and with what it held when it was stopped.
func (n *NATS) Start(t *testing.T) {
	t.Helper()
	ports := filepath.Join(n.folder, "ports")
	if err := os.MkdirAll(ports, 0o750); err != nil {
		t.Fatal(err)
	}
	n.server = start(t, n.program, "-a", "127.0.0.1", "-p", n.port, "-js", "-sd", filepath.Join(n.folder, "data"),
		"--ports_file_dir", ports)
	Eventually(t, "nats starts", func() error { return n.readAddress(ports) })
	Eventually(t, "nats answers", func() error {
		connection, err := nats.Connect(n.URL)
		if err != nil {
			return err
		}
		connection.Close()
		return nil
	})
}

// Stop kills it.
func (n *NATS) Stop(t *testing.T) {
	t.Helper()
	n.server.stop(t)
}

// JetStream is a connection, closed after the test.
func (n *NATS) JetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	connection, err := nats.Connect(n.URL, nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	stream, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// readAddress learns the port from the file that the server writes once it listens.
func (n *NATS) readAddress(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.ports"))
	if err != nil || len(files) == 0 {
		return errors.New("it has not said its port")
	}
	text, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		return err
	}
	var ports struct {
		NATS []string `json:"nats"`
	}
	if err = json.Unmarshal(text, &ports); err != nil {
		return err
	}
	address, err := url.Parse(ports.NATS[0])
	if err != nil {
		return err
	}
	n.URL, n.port = "nats://"+address.Host, address.Port()
	return nil
}
