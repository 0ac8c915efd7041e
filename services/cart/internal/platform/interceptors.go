package platform

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const (
	slowCall         = 500 * time.Millisecond
	shedRetryAfter   = 200 * time.Millisecond
	noDeadlineBudget = 10 * time.Second
)

// chain is what happens around every handler, in this order: observe, shed, identify, deadline, validate.
type chain struct {
	log       Logger
	metrics   *Metrics
	domain    string
	limit     int64
	methods   map[string]method
	validator protovalidate.Validator
}

func (c *chain) interceptors() grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(c.observe, c.shed, c.identify, c.deadline, c.validate)
}

// ours passes on what the contract does not know (health, reflection) without the rest of the chain.
func (c *chain) ours(info *grpc.UnaryServerInfo) (method, bool) {
	rpc, ok := c.methods[info.FullMethod]
	return rpc, ok
}

// observe is outermost: the metric, the log line, and the status of whatever was returned or has panicked further in.
func (c *chain) observe(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (response any, err error) {
	rpc, ok := c.ours(info)
	if !ok {
		return next(ctx, request)
	}
	begun := time.Now()
	response, err = recovered(ctx, request, next)
	name := "OK"
	if err != nil {
		answer, expected := statusOf(err, c.domain)
		name = statusName(answer.Code())
		c.logFailure(ctx, rpc, name, err, expected)
		response, err = nil, answer.Err()
	}
	took := time.Since(begun)
	c.metrics.observeCall(rpc, name, took)
	if took > slowCall {
		c.log.WarnContext(ctx, "slow call", "rpc", rpc.path, "status", name, "duration_ms", took.Milliseconds())
	} else if err == nil {
		c.log.DebugContext(ctx, "call", "rpc", rpc.path, "status", name, "duration_ms", took.Milliseconds())
	}
	return response, err
}

// logFailure notes an error of ours; a refusal is the caller's affair and is seen only when debugging.
func (c *chain) logFailure(ctx context.Context, rpc method, name string, err error, expected bool) {
	switch {
	case !expected:
		c.log.ErrorContext(ctx, "call failed", "rpc", rpc.path, "status", name, "error", err.Error())
	case name == "UNAVAILABLE":
		c.log.WarnContext(ctx, "call failed", "rpc", rpc.path, "status", name, "error", err.Error())
	default:
		c.log.DebugContext(ctx, "call refused", "rpc", rpc.path, "status", name, "error", err.Error())
	}
}

// recovered makes an error of a panic, so that one bad call does not end the others.
func recovered(ctx context.Context, request any, next grpc.UnaryHandler) (response any, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	return next(ctx, request)
}

// shed refuses what is more than limit calls at once, so that those accepted end in time.
func (c *chain) shed(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if _, ok := c.ours(info); !ok {
		return next(ctx, request)
	}
	defer c.metrics.inFlight.Add(-1)
	if c.metrics.inFlight.Add(1) > c.limit {
		c.metrics.shed.Inc()
		return nil, Overloaded("too many calls in flight")
	}
	return next(ctx, request)
}

// identify reads for whom the call is made and refuses it when they may not make it.
func (c *chain) identify(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	rpc, ok := c.ours(info)
	if !ok {
		return next(ctx, request)
	}
	md, _ := metadata.FromIncomingContext(ctx)
	identity := identityOf(md)
	if err := admit(rpc.access, identity); err != nil {
		return nil, err
	}
	return next(WithIdentity(ctx, identity), request)
}

// deadline counts calls without one and gives them one, and begins nothing that is over already.
func (c *chain) deadline(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if _, ok := c.ours(info); !ok {
		return next(ctx, request)
	}
	if _, ok := ctx.Deadline(); !ok {
		c.metrics.noDeadline.Inc()
		limited, cancel := context.WithTimeout(ctx, noDeadlineBudget)
		defer cancel()
		ctx = limited
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return next(ctx, request)
}

// validate checks the request's `buf.validate` rules.
func (c *chain) validate(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if _, ok := c.ours(info); ok {
		if err := check(c.validator, request); err != nil {
			return nil, err
		}
	}
	return next(ctx, request)
}
