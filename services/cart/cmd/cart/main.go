// Command cart serves shopping carts: settings, wiring, serving until told to stop.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/banyan-shop/banyan/services/cart/internal/bootstrap"
	"github.com/banyan-shop/banyan/services/cart/internal/config"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// Exit codes: 0 after a drain, 1 when it cannot run, 2 on bad settings.
const (
	exitFailed      = 1
	exitBadSettings = 2
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	cfg, err := config.FromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitBadSettings
	}
	log := bootstrap.NewLogger(cfg, os.Stderr)
	platform.Announce(log, "starting", "settings", platform.DescribeSettings(cfg))
	process, err := bootstrap.Build(ctx, cfg, log, bootstrap.Overrides{})
	if err == nil {
		err = platform.Run(ctx, process)
	}
	if err != nil {
		log.Error("cannot run", "error", err.Error())
		return exitFailed
	}
	return 0
}
