package main

import (
	"fmt"

	"github.com/dapr/durabletask-go/workflow"
)

// abroad calls an activity and a child in the app `heir`, and returns the names of those that got the right text and
// returned the right one.
func abroad(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	right, text := []string{}, ""
	note := func(index int) order {
		return order{Of: ctx.ID(), Index: index, Size: asked.Size, Note: parcel(index, asked.Size)}
	}
	err := ctx.CallActivity("Mirror",
		workflow.WithActivityInput(note(3)), workflow.WithActivityAppID(asked.Heir)).Await(&text)
	if err != nil {
		return nil, err
	}
	if text == parcel(4, asked.Size) {
		right = append(right, "activity")
	}
	err = ctx.CallChildWorkflow("Reflect",
		workflow.WithChildWorkflowInput(note(5)), workflow.WithChildWorkflowAppID(asked.Heir)).Await(&text)
	if err != nil {
		return nil, err
	}
	if text == parcel(6, asked.Size) {
		right = append(right, "child")
	}
	return map[string][]string{"right": right}, nil
}

// mirror takes a text, and returns the next one.
func mirror(ctx workflow.ActivityContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	count(asked.Of)
	return next(asked)
}

// reflect does the same as a workflow.
func reflect(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	return next(asked)
}

func next(asked order) (any, error) {
	if asked.Note != parcel(asked.Index, asked.Size) {
		return nil, fmt.Errorf("got another text of %d bytes", len(asked.Note))
	}
	return parcel(asked.Index+1, asked.Size), nil
}
