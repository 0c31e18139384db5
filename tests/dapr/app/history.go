package main

import (
	"encoding/json"

	"github.com/dapr/durabletask-go/workflow"
)

// bequeath runs an activity, and then a child in the app `heir`, which gets the history so far.
func bequeath(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	part := order{Of: ctx.ID(), Index: 5, Size: asked.Size}
	if err := ctx.CallActivity("Chunk", workflow.WithActivityInput(part)).Await(nil); err != nil {
		return nil, err
	}
	var said json.RawMessage
	err := ctx.CallChildWorkflow("Heir",
		workflow.WithChildWorkflowInput(part),
		workflow.WithChildWorkflowAppID(asked.Heir),
		workflow.WithHistoryPropagation(workflow.PropagateLineage()),
	).Await(&said)
	return said, err
}

// heir returns whether it reads the result of that activity, and how what it reads begins.
func heir(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	history := ctx.GetPropagatedHistory()
	if history == nil {
		return map[string]any{"read": false, "begins": "nothing"}, nil
	}
	for _, event := range history.Events() {
		if done := event.GetTaskCompleted(); done != nil {
			var text string
			if err := json.Unmarshal([]byte(done.GetResult().GetValue()), &text); err != nil {
				return nil, err
			}
			read := text == parcel(asked.Index, asked.Size)
			return map[string]any{"read": read, "begins": text[:min(len(text), 24)]}, nil
		}
	}
	return map[string]any{"read": false, "begins": "no result"}, nil
}
