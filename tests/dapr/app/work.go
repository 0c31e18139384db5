package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/dapr/durabletask-go/workflow"
)

// order is the input of every workflow and activity. Each uses some of it.
type order struct {
	Of      string   `json:"of,omitempty"`
	Index   int      `json:"index"`
	Size    int      `json:"size"`
	Count   int      `json:"count"`
	Note    string   `json:"note,omitempty"`
	Right   []string `json:"right,omitempty"`
	Carried *string  `json:"carried,omitempty"`
	Heir    string   `json:"heir,omitempty"`
}

var ran = struct {
	sync.Mutex
	of map[string]int
}{of: map[string]int{}}

func activities(id string) int {
	ran.Lock()
	defer ran.Unlock()
	return ran.of[id]
}

func count(id string) {
	ran.Lock()
	defer ran.Unlock()
	ran.of[id]++
}

func registry() *workflow.Registry {
	registry := workflow.NewRegistry()
	for name, run := range map[string]workflow.Workflow{
		"Pile": pile, "Child": child, "Tour": tour, "Bequeath": bequeath, "Heir": heir, "Abroad": abroad, "Reflect": reflect,
	} {
		must(registry.AddWorkflowN(name, run))
	}
	for name, run := range map[string]workflow.Activity{"Chunk": chunk, "Refuse": refuse, "Mirror": mirror} {
		must(registry.AddActivityN(name, run))
	}
	return registry
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// parcel makes a text in the same way as every other app.
func parcel(index, size int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "canary-Gp5wX8rN-input-Jt6zB3kV-feather-%d-", index)
	for i := 0; text.Len() < size; i++ {
		block := sha256.Sum256(fmt.Appendf(nil, "%d-%d", index, i))
		text.WriteString(hex.EncodeToString(block[:]))
	}
	return text.String()[:size]
}

func chunk(ctx workflow.ActivityContext) (any, error) {
	var order order
	if err := ctx.GetInput(&order); err != nil {
		return nil, err
	}
	count(order.Of)
	return parcel(order.Index, order.Size), nil
}

func refuse(workflow.ActivityContext) (any, error) {
	return nil, errors.New("refused on purpose")
}

// pile returns how many of `count` activities returned what they should.
func pile(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	right := 0
	for index := range asked.Count {
		var text string
		input := order{Of: ctx.ID(), Index: index, Size: asked.Size}
		if err := ctx.CallActivity("Chunk", workflow.WithActivityInput(input)).Await(&text); err != nil {
			return nil, err
		}
		if text == parcel(index, asked.Size) {
			right++
		}
	}
	return map[string]int{"right": right}, nil
}

func child(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	var text string
	err := ctx.CallActivity("Chunk", workflow.WithActivityInput(asked)).Await(&text)
	return text, err
}

// tour takes each way of a payload once, and returns the names of those that brought the right one.
func tour(ctx *workflow.WorkflowContext) (any, error) {
	var asked order
	if err := ctx.GetInput(&asked); err != nil {
		return nil, err
	}
	right, text := slices.Clone(asked.Right), ""
	if asked.Carried != nil {
		if *asked.Carried == parcel(9, asked.Size) {
			right = append(right, "carried")
		}
		ctx.SetCustomStatus("done")
		return map[string][]string{"right": right}, nil
	}
	input := order{Index: 7, Size: asked.Size}
	if err := ctx.CallChildWorkflow("Child", workflow.WithChildWorkflowInput(input)).Await(&text); err != nil {
		return nil, err
	}
	if text == parcel(7, asked.Size) {
		right = append(right, "child")
	}
	note := order{Note: parcel(6, asked.Size)}
	err := ctx.CallActivity("Refuse", workflow.WithActivityInput(note)).Await(nil)
	if err != nil && strings.Contains(err.Error(), "refused on purpose") {
		right = append(right, "failure")
	}
	ctx.SetCustomStatus("waits")
	if err := ctx.WaitForExternalEvent("note", -1).Await(&text); err != nil {
		return nil, err
	}
	if text == parcel(8, asked.Size) {
		right = append(right, "event")
	}
	carried := parcel(9, asked.Size)
	ctx.ContinueAsNew(order{Size: asked.Size, Right: right, Carried: &carried})
	return nil, nil
}
