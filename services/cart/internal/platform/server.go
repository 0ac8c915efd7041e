package platform

import (
	"context"
	"fmt"
	"net"
	"time"

	"buf.build/go/protovalidate"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

const (
	// Calls on a connection that has reached its age may still finish for this long.
	ageGrace        = 30 * time.Second
	maxRequestBytes = 1 << 20
)

// Service is a contract and who answers it.
type Service struct {
	Desc *grpc.ServiceDesc
	Impl any
}

// App is everything a process needs, made by a service's bootstrap.
type App struct {
	Name     string
	Own      Own
	Log      Logger
	Metrics  *Metrics
	Tracing  *Tracing
	Services []Service
	// Components start in this order and stop in reverse: pools first, consumers last.
	Components []Component
	Readiness  map[string]Check
}

// Server is a running App.
type Server struct {
	app       *App
	grpc      *grpc.Server
	health    *health.Server
	admin     *admin
	readiness *readiness
	parts     lifecycle
	served    chan error
	address   string
}

// NewServer prepares an App; it fails when a contract cannot be served.
func NewServer(app *App) (*Server, error) {
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("validator: %w", err)
	}
	around := &chain{
		log: app.Log, metrics: app.Metrics, domain: errorDomain(app.Name), limit: int64(app.Own.MaxConcurrentRPCs),
		methods: map[string]method{}, validator: validator,
	}
	s := &Server{
		app: app, health: health.NewServer(), served: make(chan error, 1),
		parts: lifecycle{log: app.Log, components: app.Components},
	}
	s.grpc = grpc.NewServer(append(s.options(), around.interceptors())...)
	for _, service := range app.Services {
		methods, err := describe(service.Desc)
		if err != nil {
			return nil, err
		}
		for _, rpc := range methods {
			around.methods[rpc.path] = rpc
			app.Metrics.expectCalls(rpc)
		}
		s.grpc.RegisterService(service.Desc, service.Impl)
	}
	healthv1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	s.publish(false)
	s.readiness = newReadiness(app.Log, app.Readiness, s.publish)
	return s, nil
}

func (s *Server) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(s.app.Tracing.provider),
			otelgrpc.WithPropagators(s.app.Tracing.propagator),
			otelgrpc.WithFilter(filters.Not(filters.HealthCheck())),
		)),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: s.app.Own.MaxConnectionAge.Duration(), MaxConnectionAgeGrace: ageGrace,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(5 * time.Second),
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.WaitForHandlers(true),
	}
}

// Start starts the parts, binds the ports and begins to check readiness; calls are served from here on. After an error,
// Stop releases what was started.
func (s *Server) Start(ctx context.Context) error {
	var err error
	s.admin, err = startAdmin(ctx, s.app.Log, s.app.Own.AdminListen, s.app.Metrics.Registry, s.live, s.readiness.notReady)
	if err != nil {
		return fmt.Errorf("admin port: %w", err)
	}
	if err = s.parts.start(ctx); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.app.Own.GRPCListen)
	if err != nil {
		return fmt.Errorf("grpc port: %w", err)
	}
	s.address = listener.Addr().String()
	go func() { s.served <- s.grpc.Serve(listener) }()
	s.readiness.start()
	select {
	case <-s.readiness.first:
	case <-time.After(2 * checkLimit): // a check that does not keep to its context; the port serves, readiness says no
	case <-ctx.Done():
		return ctx.Err()
	}
	Announce(s.app.Log, "ready", "grpc", s.GRPCAddress(), "admin", s.AdminAddress())
	return nil
}

// GRPCAddress is where calls are served, after Start.
func (s *Server) GRPCAddress() string { return s.address }

// AdminAddress is where metrics and probes are served, after Start.
func (s *Server) AdminAddress() string { return s.admin.address }

// Stop drains and stops, in an order that loses no call; it takes at most the delay, twice the grace, and each step's margin.
func (s *Server) Stop() {
	delay, grace := s.app.Own.DrainDelay.Duration(), s.app.Own.DrainGrace.Duration()
	s.app.Log.Info("draining", "delay_s", delay.Seconds(), "grace_s", grace.Seconds())
	s.readiness.drain()
	stopWithin(s.app.Log, "readiness", stopMargin, s.readiness.stop)
	pause(context.Background(), delay) // clients and load balancers take note before the port closes
	stopWithin(s.app.Log, "grpc", grace, s.stopGRPC)
	s.parts.stop(grace)
	if s.admin != nil {
		stopWithin(s.app.Log, "admin", stopMargin, s.admin.stop)
	}
	stopWithin(s.app.Log, "tracing", stopMargin, s.app.Tracing.shutdown)
	s.app.Log.Info("stopped")
}

// stopGRPC accepts no new calls, lets those in flight finish until ctx ends, then cuts them.
func (s *Server) stopGRPC(ctx context.Context) error {
	cut := context.AfterFunc(ctx, s.grpc.Stop)
	defer cut()
	s.grpc.GracefulStop()
	return nil
}

func (s *Server) publish(ready bool) {
	state := healthv1.HealthCheckResponse_NOT_SERVING
	if ready {
		state = healthv1.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", state)
	for _, service := range s.app.Services {
		s.health.SetServingStatus(service.Desc.ServiceName, state)
	}
}

func (s *Server) live() map[string]string {
	dead := map[string]string{}
	if err := s.parts.failure(); err != nil {
		dead["components"] = err.Error()
	}
	if err := s.readiness.loop.failure(); err != nil {
		dead["readiness"] = err.Error()
	}
	return dead
}

// Run serves app until ctx ends, then drains it. It returns an error when the app cannot run.
func Run(ctx context.Context, app *App) error {
	server, err := NewServer(app)
	if err != nil {
		return err
	}
	err = server.Start(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-server.served:
		}
	}
	asked := ctx.Err() != nil // perhaps while it was starting, which then has failed for that reason
	server.Stop()
	if asked {
		err = nil
	}
	return err
}
