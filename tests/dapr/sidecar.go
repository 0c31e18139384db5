package main

import (
	"context"
	"log"
	"os"

	"github.com/dapr/components-contrib/state"
	inmemory "github.com/dapr/components-contrib/state/in-memory"
	"github.com/dapr/components-contrib/state/redis"
	"github.com/dapr/dapr/cmd/daprd/options"
	components "github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"go.opencensus.io/stats/view"
)

var logs = logger.NewLogger("dapr.runtime")

// sidecar does what Dapr's own command does, with two state stores. The package of that command cannot be imported:
// it wants all components of Dapr, which take ten times as long to compile.
func sidecar() {
	opts, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	opts.Logger.SetAppID(opts.AppID)
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatal(err)
	}
	ctx, health := signals.Context(), healthz.New()
	provider, err := security.New(ctx, security.Options{
		SentryAddress:           opts.SentryAddress,
		ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain,
		ControlPlaneNamespace:   opts.ControlPlaneNamespace,
		TrustAnchors:            opts.TrustAnchors,
		AppID:                   opts.AppID,
		MTLSEnabled:             opts.EnableMTLS,
		Mode:                    modes.DaprMode(opts.Mode),
		Healthz:                 health,
		JwtAudiences:            opts.SentryRequestJwtAudiences,
	})
	if err != nil {
		log.Fatal(err)
	}
	run := func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		process, err := runtime.FromConfig(ctx, config(opts, handler, health))
		if err != nil {
			return err
		}
		return process.Run(ctx)
	}
	if err := concurrency.NewRunnerManager(provider.Run, run).Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func config(opts *options.Options, handler security.Handler, health healthz.Healthz) *runtime.Config {
	return &runtime.Config{
		AppID:                        opts.AppID,
		Mode:                         opts.Mode,
		Config:                       opts.Config,
		ResourcesPath:                opts.ResourcesPath,
		ActorsService:                opts.ActorsService,
		ActorsDisseminationTimeout:   opts.ActorsDisseminationTimeout,
		RemindersService:             opts.RemindersService,
		SchedulerAddress:             opts.SchedulerAddress,
		SchedulerStreams:             opts.SchedulerJobStreams,
		AppProtocol:                  opts.AppProtocol,
		AllowedOrigins:               opts.AllowedOrigins,
		ControlPlaneAddress:          opts.ControlPlaneAddress,
		SentryAddress:                opts.SentryAddress,
		EnableMTLS:                   opts.EnableMTLS,
		DaprHTTPPort:                 opts.DaprHTTPPort,
		DaprAPIGRPCPort:              opts.DaprAPIGRPCPort,
		DaprAPIListenAddresses:       opts.DaprAPIListenAddresses,
		DaprInternalGRPCPort:         opts.DaprInternalGRPCPort,
		DaprPublicListenAddress:      opts.DaprPublicListenAddress,
		DaprGracefulShutdownSeconds:  opts.DaprGracefulShutdownSeconds,
		DisableBuiltinK8sSecretStore: opts.DisableBuiltinK8sSecretStore,
		EnableAPILogging:             opts.EnableAPILogging,
		MaxRequestSize:               opts.MaxRequestSize,
		ProfilePort:                  opts.ProfilePort,
		ReadBufferSize:               opts.ReadBufferSize,
		Registry:                     registry.NewOptions().WithStateStores(stores()),
		Security:                     handler,
		Healthz:                      health,
		Metrics: metrics.Options{
			Enabled:       opts.Metrics.Enabled(),
			Port:          opts.Metrics.Port(),
			ListenAddress: opts.Metrics.ListenAddress(),
			Namespace:     metrics.DefaultMetricNamespace,
			Log:           logs,
			Healthz:       health,
			Meter:         view.NewMeter(),
		},

		DaprInternalGRPCListenAddress: opts.DaprInternalGRPCListenAddress,
	}
}

func stores() *components.Registry {
	stores := components.DefaultRegistry
	stores.Logger = logs
	var inMemory func(logger.Logger) state.Store = inmemory.NewInMemoryStateStore
	stores.RegisterComponent(inMemory, "in-memory")
	stores.RegisterComponent(redis.NewRedisStateStore, "redis")
	return stores
}
