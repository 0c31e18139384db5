// The app of tests/it/dapr.rs on Dapr's SDK for Go, as it comes. tests/python/dapr_app.py describes its commands.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/dapr/durabletask-go/workflow"
	"github.com/dapr/go-sdk/client"
	"google.golang.org/grpc"
)

type command struct {
	Do, ID, Workflow string
	Input            json.RawMessage
	Index, Size      int
}

type answer map[string]any

func main() {
	receive := 0
	// The SDK has no setting for what it receives: that is an option of gRPC.
	if len(os.Args) > 1 {
		if _, err := fmt.Sscan(os.Args[1], &receive); err != nil {
			log.Fatal(err)
		}
	}
	var options []grpc.DialOption
	if receive > 0 {
		options = append(options, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receive)))
	}
	// The address is in DAPR_GRPC_ENDPOINT.
	dapr, err := client.NewWorkflowClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := dapr.StartWorker(ctx, registry()); err != nil {
		log.Fatal(err)
	}
	say(answer{"ready": true})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked command
		said, err := answer(nil), json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			said, err = obey(ctx, dapr, asked)
		}
		if err != nil {
			said = answer{"error": err.Error()}
		}
		say(said)
	}
}

func say(line answer) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}

func obey(ctx context.Context, dapr *workflow.Client, asked command) (answer, error) {
	switch asked.Do {
	case "ran":
		return answer{"ran": activities(asked.ID)}, nil
	case "start":
		_, err := dapr.ScheduleWorkflow(ctx, asked.Workflow,
			workflow.WithInstanceID(asked.ID), workflow.WithInput(asked.Input))
		return answer{"started": asked.ID}, err
	case "raise":
		data := workflow.WithEventPayload(parcel(asked.Index, asked.Size))
		return answer{"raised": asked.ID}, dapr.RaiseEvent(ctx, asked.ID, "note", data)
	}
	state, err := dapr.FetchWorkflowMetadata(ctx, asked.ID, workflow.WithFetchPayloads(true))
	if err != nil {
		return nil, err
	}
	return answer{"status": state.RuntimeStatus.String()}, nil
}
