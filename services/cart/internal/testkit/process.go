package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// RepoRoot is the folder of the whole tree.
func RepoRoot(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("the source of the test is not known")
	}
	return filepath.Join(filepath.Dir(file), "../../../..")
}

// binary is the program that the variable names, else the one the workspace has installed.
func binary(t *testing.T, variable, inVenv string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join(RepoRoot(t), ".banyan/venv", inVenv)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s: no server to test with: %v (`./banyan doctor` installs it)", variable, err)
	}
	return path
}

// server is a process of ours. It dies with the test, even one that is killed.
type server struct {
	command *exec.Cmd
}

func start(t *testing.T, program string, args ...string) *server {
	t.Helper()
	command := exec.Command(program, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &server{command: command}
}

// stop ends it at once; a second call does nothing.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if s == nil || s.command.ProcessState != nil {
		return
	}
	if err := s.command.Process.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.command.Wait() // it was killed, and says so
	}()
	select {
	case <-ended:
	case <-time.After(Patience):
		t.Error("a killed server did not end")
	}
}

// tempDir is a folder with a short name, since a Unix socket's path has at most 107 characters.
func tempDir(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "cart") //nolint:usetesting // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}
