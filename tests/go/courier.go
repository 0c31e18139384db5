// The workflow, its activities, and the header that a context carries.
package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

var patience = 10 * time.Minute

type order struct {
	Way    string `json:"way"`
	Parcel string `json:"parcel"`
	Queue  string `json:"queue"`
}

// Carries a parcel in the way that its order names.
func courier(ctx workflow.Context, given order) (string, error) {
	held, carried, stage := given.Parcel, "", ""
	added := workflow.NewChannel(ctx)
	if err := workflow.SetQueryHandler(ctx, "look", func() (string, error) { return held, nil }); err != nil {
		return "", err
	}
	if err := workflow.SetQueryHandler(ctx, "stage", func() (string, error) { return stage, nil }); err != nil {
		return "", err
	}
	revise := func(ctx workflow.Context, text string) (string, error) {
		workflow.Go(ctx, func(ctx workflow.Context) { added.Send(ctx, text) })
		return text, nil
	}
	if err := workflow.SetUpdateHandler(ctx, "revise", revise); err != nil {
		return "", err
	}
	options := workflow.ActivityOptions{StartToCloseTimeout: patience, TaskQueue: given.Queue}
	// Only an echo, a heartbeat and a failure are another worker's.
	if given.Way != "activity" && given.Way != "fan" && given.Way != "beat" && given.Way != "fail" {
		options.TaskQueue = ""
	}
	switch given.Way {
	case "activity":
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "echo", held).Get(ctx, &carried)
		return carried, err
	case "local":
		local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: patience})
		err := workflow.ExecuteLocalActivity(local, echo, held).Get(ctx, &carried)
		return carried, err
	case "child":
		child := workflow.ChildWorkflowOptions{
			WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID + "-child", TaskQueue: given.Queue,
		}
		to := order{Way: "start", Parcel: held}
		err := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, child), "Courier", to).Get(ctx, &carried)
		return carried, err
	case "fan":
		return fan(workflow.WithActivityOptions(ctx, options), held)
	case "nexus_sync", "nexus_run", "nexus_fail", "nexus_refuse":
		// The queue is an endpoint's name here.
		return callNexus(ctx, given)
	case "burst":
		// Fails the workflow task.
		panic(held)
	case "again":
		return "", workflow.NewContinueAsNewError(ctx, "Courier", order{Way: "start", Parcel: held})
	case "memo":
		if err := workflow.UpsertMemo(ctx, map[string]any{"more": held}); err != nil {
			return "", err
		}
		note := workflow.GetInfo(ctx).Memo.GetFields()["note"]
		err := converter.GetDefaultDataConverter().FromPayload(note, &carried)
		return carried, err
	case "headers":
		trace, _ := ctx.Value(traceKey{}).(string)
		return trace, nil
	case "fail", "drop":
		options.RetryPolicy = &temporal.RetryPolicy{MaximumAttempts: 1}
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), given.Way, held).Get(ctx, &carried)
		return carried, err
	case "beat":
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "beat", held).Get(ctx, &carried)
		return carried, err
	case "stumble":
		options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond}
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "stumble", held).Get(ctx, &carried)
		return carried, err
	case "later":
		options.ActivityID = "later"
		options.RetryPolicy = &temporal.RetryPolicy{MaximumAttempts: 1}
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "later", "").Get(ctx, &carried)
		return carried, err
	case "rest":
		return rest(workflow.WithActivityOptions(ctx, options), held, &stage)
	case "wait":
		selected := workflow.NewSelector(ctx)
		receive := func(channel workflow.ReceiveChannel, _ bool) { channel.Receive(ctx, &carried) }
		selected.AddReceive(workflow.GetSignalChannel(ctx, "add"), receive).AddReceive(added, receive).Select(ctx)
		return carried, nil
	}
	return held, nil
}

// Sends the parcel in several ways, and rests until it is told to go on.
func rest(ctx workflow.Context, held string, stage *string) (string, error) {
	var carried [3]string
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: patience})
	if err := workflow.ExecuteLocalActivity(local, echo, held).Get(ctx, &carried[0]); err != nil {
		return "", err
	}
	if err := workflow.ExecuteActivity(ctx, "echo", held).Get(ctx, &carried[1]); err != nil {
		return "", err
	}
	options := workflow.ChildWorkflowOptions{WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID + "-child"}
	waiting := order{Way: "wait", Parcel: held}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, options), "Courier", waiting)
	if err := child.SignalChildWorkflow(ctx, "add", held).Get(ctx, nil); err != nil {
		return "", err
	}
	if err := child.Get(ctx, &carried[2]); err != nil {
		return "", err
	}
	*stage = "rests"
	workflow.GetSignalChannel(ctx, "add").Receive(ctx, nil)
	*stage = "ended"
	for _, one := range carried {
		if one != held {
			return "mixed up", nil
		}
	}
	return held, nil
}

func fan(ctx workflow.Context, held string) (string, error) {
	var running []workflow.Future
	for i := range 20 {
		running = append(running, workflow.ExecuteActivity(ctx, "echo", fmt.Sprintf("%s%d", held, i)))
	}
	for i, one := range running {
		var carried string
		if err := one.Get(ctx, &carried); err != nil || carried != fmt.Sprintf("%s%d", held, i) {
			return "mixed up", err
		}
	}
	return held, nil
}

func registerActivities(polling worker.Worker) {
	named := func(name string) activity.RegisterOptions { return activity.RegisterOptions{Name: name} }
	polling.RegisterActivityWithOptions(echo, named("echo"))
	polling.RegisterActivityWithOptions(fail, named("fail"))
	polling.RegisterActivityWithOptions(drop, named("drop"))
	polling.RegisterActivityWithOptions(stumble, named("stumble"))
	polling.RegisterActivityWithOptions(beat, named("beat"))
	polling.RegisterActivityWithOptions(later, named("later"))
}

func echo(_ context.Context, text string) (string, error) {
	return text, nil
}

func fail(_ context.Context, text string) (string, error) {
	cause := temporal.NewApplicationError("because of "+cut(text, 100), "Torn", text)
	return "", temporal.NewNonRetryableApplicationError("cannot carry "+cut(text, 100), "Spilt", cause, text)
}

// A panic has a stack trace, other errors of Go have none.
func drop(_ context.Context, text string) (string, error) {
	return canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text), nil
}

//go:noinline
func canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text string) string {
	panic("dropped " + cut(text, 100))
}

func stumble(ctx context.Context, text string) (string, error) {
	if activity.HasHeartbeatDetails(ctx) {
		var found string
		err := activity.GetHeartbeatDetails(ctx, &found)
		return found, err
	}
	activity.RecordHeartbeat(ctx, text)
	return "", temporal.NewApplicationError("stumbled", "Stumbled")
}

// Says when it is cancelled.
func beat(ctx context.Context, text string) (string, error) {
	activity.RecordHeartbeat(ctx, text)
	<-ctx.Done()
	say(map[string]any{"step": "cancelled", "ok": true})
	return "", ctx.Err()
}

// Task tokens of activities that somebody else completes, by workflow.
var tokens sync.Map

func later(ctx context.Context, _ string) (string, error) {
	info := activity.GetInfo(ctx)
	tokens.Store(info.WorkflowExecution.ID, info.TaskToken)
	return "", activity.ErrResultPending
}

type traceKey struct{}

// Carries one value of a context in a header.
type tracing struct{}

func (tracing) Inject(ctx context.Context, header workflow.HeaderWriter) error {
	return inject(ctx.Value(traceKey{}), header)
}

func (tracing) InjectFromWorkflow(ctx workflow.Context, header workflow.HeaderWriter) error {
	return inject(ctx.Value(traceKey{}), header)
}

func (tracing) Extract(ctx context.Context, header workflow.HeaderReader) (context.Context, error) {
	text, err := extract(header)
	return context.WithValue(ctx, traceKey{}, text), err
}

func (tracing) ExtractToWorkflow(ctx workflow.Context, header workflow.HeaderReader) (workflow.Context, error) {
	text, err := extract(header)
	return workflow.WithValue(ctx, traceKey{}, text), err
}

func inject(value any, header workflow.HeaderWriter) error {
	text, ok := value.(string)
	if !ok || text == "" {
		return nil
	}
	written, err := converter.GetDefaultDataConverter().ToPayload(text)
	header.Set("trace", written)
	return err
}

func extract(header workflow.HeaderReader) (string, error) {
	var text string
	err := header.ForEachKey(func(name string, written *commonpb.Payload) error {
		if name != "trace" {
			return nil
		}
		return converter.GetDefaultDataConverter().FromPayload(written, &text)
	})
	return text, err
}
