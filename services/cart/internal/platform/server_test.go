package platform_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// part records its life in a list that all parts share.
type part struct {
	name      string
	events    *[]string
	startWith error
	stopWith  error
	hang      bool
}

func (p part) Name() string { return p.name }

func (p part) Start(context.Context) error {
	*p.events = append(*p.events, "+"+p.name)
	return p.startWith
}

func (p part) Stop(ctx context.Context) error {
	*p.events = append(*p.events, "-"+p.name)
	if p.hang {
		<-ctx.Done()
	}
	return p.stopWith
}

func newApp(t *testing.T, logs io.Writer, parts ...platform.Component) *platform.App {
	t.Helper()
	tracing, err := platform.NewTracing(t.Context(), "demo", "")
	if err != nil {
		t.Fatal(err)
	}
	return &platform.App{
		Name: "demo", Log: platform.NewLogger("demo", "info", logs), Metrics: platform.NewMetrics(), Tracing: tracing,
		Own: platform.Own{
			GRPCListen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", MaxConcurrentRPCs: 1, DrainGrace: 0.2, MaxConnectionAge: 60,
		},
		Components: parts,
	}
}

// run runs an app and asks it to stop once it is ready.
func run(t *testing.T, app *platform.App) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	app.Readiness = map[string]platform.Check{"asked": func(context.Context) error {
		time.AfterFunc(50*time.Millisecond, cancel)
		return nil
	}}
	return platform.Run(ctx, app)
}

func TestPartsStartInOrderAndStopInReverse(t *testing.T) {
	var events []string
	var logs bytes.Buffer
	err := run(t, newApp(t, &logs,
		part{name: "pool", events: &events},
		part{name: "consumer", events: &events, stopWith: errors.New("no")},
		part{name: "slow", events: &events, hang: true}))
	if err != nil {
		t.Error(err)
	}
	if got := strings.Join(events, " "); got != "+pool +consumer +slow -slow -consumer -pool" {
		t.Errorf("order is %s", got)
	}
	for _, want := range []string{`"event":"ready"`, `"event":"draining"`, `"event":"failed to stop"`, `"event":"stopped"`} {
		if !strings.Contains(logs.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, logs.String())
		}
	}
}

func TestAPartThatCannotStartEndsTheProcessAndStopsTheRest(t *testing.T) {
	var events []string
	broken := errors.New("the address makes no sense")
	err := platform.Run(t.Context(), newApp(t, io.Discard,
		part{name: "pool", events: &events},
		part{name: "bus", events: &events, startWith: broken},
		part{name: "consumer", events: &events}))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "start bus") {
		t.Errorf("error is %v", err)
	}
	if got := strings.Join(events, " "); got != "+pool +bus -bus -pool" {
		t.Errorf("order is %s", got)
	}
}

func TestATakenPortIsAnErrorThatSaysWhich(t *testing.T) {
	first := newApp(t, io.Discard)
	first.Readiness = map[string]platform.Check{}
	server, err := platform.NewServer(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for port, change := range map[string]func(*platform.App){
		"grpc port":  func(app *platform.App) { app.Own.GRPCListen = server.GRPCAddress() },
		"admin port": func(app *platform.App) { app.Own.AdminListen = server.AdminAddress() },
	} {
		second := newApp(t, io.Discard)
		change(second)
		if err := platform.Run(t.Context(), second); err == nil || !strings.Contains(err.Error(), port) {
			t.Errorf("%s: error is %v", port, err)
		}
	}
}

func TestAServiceThatTheKitCannotGuardIsRefused(t *testing.T) {
	for what, desc := range map[string]*grpc.ServiceDesc{
		"streams":     {ServiceName: "demo.v1.Demo", Streams: []grpc.StreamDesc{{StreamName: "Watch"}}},
		"contract of": {ServiceName: "demo.v1.Unknown"},
		"no service":  {ServiceName: "google.protobuf.Any"},
	} {
		app := newApp(t, io.Discard)
		app.Services = []platform.Service{{Desc: desc}}
		if _, err := platform.NewServer(app); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error is %v", what, err)
		}
	}
}
