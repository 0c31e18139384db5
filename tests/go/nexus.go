// Operations of Nexus: how a workflow calls them, and how a worker offers them.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporalnexus"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Calls the operation that is named as the way. One that should fail gives the parcel back if it failed for
// its reason.
func callNexus(ctx workflow.Context, given order) (string, error) {
	var carried string
	carrier := workflow.NewNexusClient(given.Queue, "carrier")
	options := workflow.NexusOperationOptions{}
	err := carrier.ExecuteOperation(ctx, given.Way, given.Parcel, options).Get(ctx, &carried)
	if given.Way == "nexus_sync" || given.Way == "nexus_run" {
		return carried, err
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), "cannot carry "+cut(given.Parcel, 100)) {
			return given.Parcel, nil
		}
	}
	return "", fmt.Errorf("the operation failed as another one: %w", err)
}

// A service with operations that answer at once, that fail or are refused, and that run a workflow.
func registerNexus(polling worker.Worker) error {
	carrier := nexus.NewService("carrier")
	answer := func(_ context.Context, text string, _ nexus.StartOperationOptions) (string, error) { return text, nil }
	start := func(
		ctx context.Context, text string, options nexus.StartOperationOptions,
	) (temporalnexus.WorkflowHandle[string], error) {
		started := client.StartWorkflowOptions{ID: "nexus-" + options.RequestID}
		return temporalnexus.ExecuteUntypedWorkflow[string](
			ctx, options, started, "Courier", order{Way: "start", Parcel: text})
	}
	run, err := temporalnexus.NewWorkflowRunOperationWithOptions(
		temporalnexus.WorkflowRunOperationOptions[string, string]{Name: "nexus_run", Handler: start})
	if err != nil {
		return err
	}
	fail := func(_ context.Context, text string, _ nexus.StartOperationOptions) (string, error) {
		return "", nexus.NewOperationFailedErrorf("cannot carry %s", cut(text, 100))
	}
	refuse := func(_ context.Context, text string, _ nexus.StartOperationOptions) (string, error) {
		return "", nexus.NewHandlerErrorf(nexus.HandlerErrorTypeBadRequest, "cannot carry %s", cut(text, 100))
	}
	failing := nexus.NewSyncOperation("nexus_fail", fail)
	refusing := nexus.NewSyncOperation("nexus_refuse", refuse)
	if err := carrier.Register(nexus.NewSyncOperation("nexus_sync", answer), failing, refusing, run); err != nil {
		return err
	}
	polling.RegisterNexusService(carrier)
	return nil
}
