package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProcess makes this test binary the service itself, so that tests see a real process with real signals.
const asProcess = "CART_TEST_AS_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		main()
	}
	os.Exit(m.Run())
}

// launch starts the service as a process with only these variables.
func launch(t *testing.T, environ ...string) (process *exec.Cmd, stderr io.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process = exec.Command(self)
	process.Env = slices.Concat(environ, []string{asProcess + "=1", "GOCOVERDIR=" + t.TempDir()})
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err = process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(30*time.Second, func() {
		// It may have ended meanwhile; the wait below tells what has happened.
		_ = process.Process.Kill()
	})
	t.Cleanup(func() { late.Stop() })
	return process, stderr
}

func exitCode(t *testing.T, process *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := process.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return process.ProcessState.ExitCode()
}

func TestBadSettingsAreReportedAtOnceAndExitWithTwo(t *testing.T) {
	process, stderr := launch(t, "CART_REDIS_URL=memory://", "BANYAN_ENVIRONMENT=production", "CART_REDIS_POOL_MAX=0", "CART_LOG_LEVEL=loud")
	text, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, process); code != exitBadSettings {
		t.Errorf("exit code is %d", code)
	}
	want := `3 setting(s) to fix:
  CART_LOG_LEVEL: must be debug, info, warning or error
  CART_REDIS_POOL_MAX: must be 1 to 1000
  CART_REDIS_URL: must name a Redis in production
`
	if string(text) != want {
		t.Errorf("report is\n%s", text)
	}
}

func TestAnAddressThatMakesNoSenseExitsWithOneAndIsNotShown(t *testing.T) {
	process, stderr := launch(t, "CART_REDIS_URL=redis://user:hunter2@host/not-a-number")
	text, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, process); code != exitFailed {
		t.Errorf("exit code is %d", code)
	}
	if strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "cannot run") {
		t.Errorf("log is\n%s", text)
	}
}

func TestItServesUntilTerminatedAndExitsWithZero(t *testing.T) {
	for _, number := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		process, stderr := launch(t, "CART_REDIS_URL=redis://u:hunter2@127.0.0.1:1/0", "NATS_URL=nats://u:hunter2@127.0.0.1:1",
			"CART_GRPC_LISTEN=127.0.0.1:0", "CART_ADMIN_LISTEN=127.0.0.1:0", "CART_LOG_LEVEL=error")
		events := []string{}
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var line struct{ Event, GRPC, Admin, Service string }
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			if strings.Contains(lines.Text(), "hunter2") {
				t.Errorf("a password is logged: %s", lines.Text())
			}
			events = append(events, line.Event)
			if line.Event == "ready" {
				if line.GRPC == "" || line.Admin == "" || line.Service != "cart" {
					t.Errorf("ready line is %s", lines.Text())
				}
				if err := process.Process.Signal(number); err != nil {
					t.Fatal(err)
				}
			}
		}
		if code := exitCode(t, process); code != 0 {
			t.Errorf("%v: exit code is %d", number, code)
		}
		if got := strings.Join(events, " "); got != "starting ready" {
			t.Errorf("%v: events are %s", number, got)
		}
	}
}
