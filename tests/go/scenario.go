// The steps, as a client takes them.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

const often = 50 * time.Millisecond

type scenario struct {
	client client.Client
	asked  request
}

func same(found, sent, where string) (string, error) {
	if found != sent {
		return "", fmt.Errorf("%s is not what was sent: %d characters, %d sent", where, len(found), len(sent))
	}
	return found, nil
}

// How the steps that only execute the workflow name their way.
var simple = map[string]string{
	"start": "start", "activity": "activity", "local_activity": "local", "child": "child", "fan": "fan",
	"continue_as_new": "again", "heartbeat": "stumble", "nexus_sync": "nexus_sync", "nexus_run": "nexus_run",
	"nexus_fail": "nexus_fail", "nexus_refuse": "nexus_refuse",
}

func (s scenario) step(ctx context.Context, step, text string) (string, error) {
	if way, ok := simple[step]; ok {
		handle, err := s.start(ctx, step, way, text)
		return s.result(ctx, handle, err, text)
	}
	switch step {
	case "signal":
		handle, err := s.start(ctx, step, "wait", "")
		if err == nil {
			err = s.client.SignalWorkflow(ctx, handle.GetID(), "", "add", text)
		}
		return s.result(ctx, handle, err, text)
	case "signal_with_start":
		handle, err := s.client.SignalWithStartWorkflow(
			ctx, s.options(step).ID, "add", text, s.options(step), "Courier", s.order("wait", text))
		return s.result(ctx, handle, err, text)
	case "query":
		return s.query(ctx, step, text)
	case "update", "update_with_start":
		return s.update(ctx, step, text)
	case "memo":
		return s.memo(ctx, step, text)
	case "headers":
		handle, err := s.start(context.WithValue(ctx, traceKey{}, text), step, "headers", "")
		return s.result(ctx, handle, err, text)
	case "failure":
		return s.failure(ctx, step, text)
	case "panic":
		return s.panic(ctx, step, text)
	case "async_completion", "async_by_id", "beat_by_id":
		return s.later(ctx, step, text)
	case "schedule":
		return s.schedule(ctx, step, text)
	case "reset":
		return s.reset(ctx, step, text)
	}
	return "", fmt.Errorf("there is no step %s", step)
}

func (s scenario) options(step string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: s.asked.ID + "-" + step, TaskQueue: s.asked.TaskQueue}
}

func (s scenario) order(way, text string) order {
	return order{Way: way, Parcel: text, Queue: s.asked.OtherQueue}
}

func (s scenario) start(ctx context.Context, step, way, text string) (client.WorkflowRun, error) {
	return s.client.ExecuteWorkflow(ctx, s.options(step), "Courier", s.order(way, text))
}

func (s scenario) result(ctx context.Context, handle client.WorkflowRun, err error, sent string) (string, error) {
	if err != nil {
		return "", err
	}
	var found string
	if err := handle.Get(ctx, &found); err != nil {
		return "", err
	}
	return same(found, sent, "the result")
}

func (s scenario) query(ctx context.Context, step, text string) (string, error) {
	handle, err := s.start(ctx, step, "wait", text)
	if err != nil {
		return "", err
	}
	answer, err := s.client.QueryWorkflow(ctx, handle.GetID(), "", "look")
	if err != nil {
		return "", err
	}
	var seen string
	if err := answer.Get(&seen); err != nil {
		return "", err
	}
	if _, err := same(seen, text, "the answer"); err != nil {
		return "", err
	}
	err = s.client.SignalWorkflow(ctx, handle.GetID(), "", "add", "done")
	if _, err := s.result(ctx, handle, err, "done"); err != nil {
		return "", err
	}
	return seen, nil
}

func (s scenario) update(ctx context.Context, step, text string) (string, error) {
	options := client.UpdateWorkflowOptions{
		WorkflowID: s.options(step).ID, UpdateName: "revise", Args: []any{text},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
	var updated client.WorkflowUpdateHandle
	var err error
	if step == "update" {
		if _, err = s.start(ctx, step, "wait", ""); err == nil {
			updated, err = s.client.UpdateWorkflow(ctx, options)
		}
	} else {
		start := s.options(step)
		start.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		operation := s.client.NewWithStartWorkflowOperation(start, "Courier", s.order("wait", text))
		updated, err = s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: operation, UpdateOptions: options,
		})
	}
	if err != nil {
		return "", err
	}
	var answer string
	if err := updated.Get(ctx, &answer); err != nil {
		return "", err
	}
	if _, err := same(answer, text, "the answer"); err != nil {
		return "", err
	}
	return s.result(ctx, s.client.GetWorkflow(ctx, options.WorkflowID, ""), nil, text)
}

func (s scenario) memo(ctx context.Context, step, text string) (string, error) {
	options := s.options(step)
	options.Memo = map[string]any{"note": text}
	handle, err := s.client.ExecuteWorkflow(ctx, options, "Courier", s.order("memo", text))
	if _, err := s.result(ctx, handle, err, text); err != nil {
		return "", err
	}
	described, err := s.client.DescribeWorkflowExecution(ctx, handle.GetID(), "")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"note", "more"} {
		var found string
		written := described.WorkflowExecutionInfo.Memo.GetFields()[name]
		if err := converter.GetDefaultDataConverter().FromPayload(written, &found); err != nil {
			return "", err
		}
		if _, err := same(found, text, "the memo "+name); err != nil {
			return "", err
		}
	}
	return text, nil
}

func (s scenario) failed(ctx context.Context, step, way, text string) error {
	handle, err := s.start(ctx, step, way, text)
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	if err == nil {
		return errors.New("it did not fail")
	}
	return err
}

func (s scenario) failure(ctx context.Context, step, text string) (string, error) {
	err := s.failed(ctx, step, "fail", text)
	for _, message := range []string{"cannot carry ", "because of "} {
		var failure *temporal.ApplicationError
		if !errors.As(err, &failure) {
			return "", fmt.Errorf("another failure: %w", err)
		}
		if _, err := same(failure.Message(), message+cut(text, 100), "the message"); err != nil {
			return "", err
		}
		var details string
		if err := failure.Details(&details); err != nil {
			return "", err
		}
		if _, err := same(details, text, "the details of "+message); err != nil {
			return "", err
		}
		err = failure.Unwrap()
	}
	return text, nil
}

func (s scenario) panic(ctx context.Context, step, text string) (string, error) {
	err := s.failed(ctx, step, "drop", text)
	var failure *temporal.PanicError
	if !errors.As(err, &failure) {
		return "", fmt.Errorf("another failure: %w", err)
	}
	_, err = same(failure.Error(), "dropped "+cut(text, 100), "the message")
	return text, err
}

func (s scenario) later(ctx context.Context, step, text string) (string, error) {
	handle, err := s.start(ctx, step, "later", "")
	if err != nil {
		return "", err
	}
	token, found := tokens.Load(handle.GetID())
	for ; !found; token, found = tokens.Load(handle.GetID()) {
		time.Sleep(often)
	}
	if step == "beat_by_id" {
		if err := s.client.RecordActivityHeartbeatByID(ctx, s.asked.Namespace, handle.GetID(), "", "later", text); err != nil {
			return "", err
		}
	}
	if step != "async_completion" {
		err = s.client.CompleteActivityByID(ctx, s.asked.Namespace, handle.GetID(), "", "later", text, nil)
	} else {
		err = s.client.CompleteActivity(ctx, token.([]byte), text, nil)
	}
	return s.result(ctx, handle, err, text)
}

func (s scenario) schedule(ctx context.Context, step, text string) (string, error) {
	schedule, err := s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.options(step).ID,
		Action: &client.ScheduleWorkflowAction{
			ID: s.options(step).ID, TaskQueue: s.asked.TaskQueue, Workflow: "Courier",
			Args: []any{s.order("start", text)},
		},
	})
	if err != nil {
		return "", err
	}
	if err := schedule.Trigger(ctx, client.ScheduleTriggerOptions{}); err != nil {
		return "", err
	}
	for {
		described, err := schedule.Describe(ctx)
		if err != nil {
			return "", err
		}
		recent := described.Info.RecentActions
		if len(recent) == 0 {
			time.Sleep(often)
			continue
		}
		started := s.client.GetWorkflow(ctx, recent[0].StartWorkflowResult.WorkflowID, "")
		if _, err := s.result(ctx, started, nil, text); err != nil {
			return "", err
		}
		var kept order
		written := described.Schedule.Action.(*client.ScheduleWorkflowAction).Args[0].(*commonpb.Payload)
		if err := converter.GetDefaultDataConverter().FromPayload(written, &kept); err != nil {
			return "", err
		}
		if _, err := same(kept.Parcel, text, "the argument of the schedule"); err != nil {
			return "", err
		}
		return text, schedule.Delete(ctx)
	}
}

func (s scenario) reset(ctx context.Context, step, text string) (string, error) {
	handle, err := s.start(ctx, step, "activity", text)
	if _, err := s.result(ctx, handle, err, text); err != nil {
		return "", err
	}
	again, err := s.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 s.asked.Namespace,
		WorkflowExecution:         &commonpb.WorkflowExecution{WorkflowId: handle.GetID(), RunId: handle.GetRunID()},
		Reason:                    "the scenario",
		WorkflowTaskFinishEventId: 4,
		RequestId:                 handle.GetID() + "-reset",
	})
	if err != nil {
		return "", err
	}
	return s.result(ctx, s.client.GetWorkflow(ctx, handle.GetID(), again.RunId), nil, text)
}
