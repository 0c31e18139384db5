// The scenario of tests/it/gateway/sdks.rs on Temporal's SDK for Go, as it comes.
//
// It reads one JSON request, on one line of standard input, and writes one line of JSON for each step:
// tests/python/sdks.py describes both.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/DataDog/temporal-large-payload-codec/codec"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/aws/s3driver"
	"go.temporal.io/sdk/contrib/aws/s3driver/awssdkv2"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

type request struct {
	Address    string         `json:"address"`
	Namespace  string         `json:"namespace"`
	TaskQueue  string         `json:"task_queue"`
	Role       string         `json:"role"`
	ID         string         `json:"id"`
	Size       int            `json:"size"`
	Sizes      map[string]int `json:"sizes"`
	Canary     string         `json:"canary"`
	Steps      []string       `json:"steps"`
	OtherQueue string         `json:"other_queue"`
	S3         *bucket        `json:"s3"`
	// Bounds an activity that a worker took and did not finish. 0 is as long as is bearable.
	ActivitySeconds int64 `json:"activity_seconds"`
	// The URL of DataDog's service for large payloads, if their codec is to store there.
	LargePayloads string `json:"large_payloads"`
	// Most workflows that the worker caches. Absent for the SDK's default.
	Cached *int `json:"cached"`
	// Whether a step that fails does not end the program.
	GoOn bool `json:"go_on"`
}

// Where the SDK's own driver stores, if it does.
type bucket struct {
	Endpoint string `json:"endpoint"`
	Bucket   string `json:"bucket"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	must(err)
	var asked request
	must(json.Unmarshal(line, &asked))
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, input)
		close(ended)
	}()
	// It ends with the test, however that ends.
	if asked.Role != "worker" {
		go func() {
			<-ended
			os.Exit(3)
		}()
	}
	if asked.ActivitySeconds > 0 {
		patience = time.Duration(asked.ActivitySeconds) * time.Second
	}
	storing, err := asked.S3.storage()
	must(err)
	converting, err := asked.converter()
	must(err)
	connected, err := client.Dial(client.Options{
		DataConverter:      converting,
		ExternalStorage:    storing,
		HostPort:           asked.Address,
		Namespace:          asked.Namespace,
		ContextPropagators: []workflow.ContextPropagator{tracing{}},
		Logger:             log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	})
	must(err)
	if asked.Role != "client" {
		if asked.Cached != nil {
			worker.SetStickyWorkflowCacheSize(*asked.Cached)
		}
		polling := worker.New(connected, asked.TaskQueue, worker.Options{})
		polling.RegisterWorkflowWithOptions(courier, workflow.RegisterOptions{Name: "Courier"})
		registerActivities(polling)
		must(registerNexus(polling))
		must(polling.Start())
		say(map[string]any{"step": "ready", "ok": true})
		if asked.Role == "worker" {
			<-ended
			polling.Stop()
			return
		}
	}
	run(connected, asked)
}

func (s *bucket) storage() (converter.ExternalStorage, error) {
	if s == nil {
		return converter.ExternalStorage{}, nil
	}
	connected := s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint),
		Region:       "us-east-1",
		UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	})
	driver, err := s3driver.NewDriver(s3driver.Options{
		Client: awssdkv2.NewClient(connected), Bucket: s3driver.StaticBucket(s.Bucket),
	})
	return converter.ExternalStorage{Drivers: []converter.StorageDriver{driver}}, err
}

// The SDK's own converter, or that with DataDog's codec behind it.
func (r request) converter() (converter.DataConverter, error) {
	plain := converter.GetDefaultDataConverter()
	if r.LargePayloads == "" {
		return plain, nil
	}
	remote, err := codec.New(codec.WithURL(r.LargePayloads), codec.WithNamespace(r.Namespace))
	return converter.NewCodecDataConverter(plain, remote), err
}

// Runs the steps, and ends the program at the first that fails, unless it is to go on.
func run(connected client.Client, asked request) {
	status := 0
	for _, step := range asked.Steps {
		started := time.Now()
		came, err := scenario{connected, asked}.step(context.Background(), step, parcel(asked, step))
		if err != nil {
			say(map[string]any{"step": step, "ok": false, "error": cut(err.Error(), 4000)})
			status = 1
			if asked.GoOn {
				continue
			}
			break
		}
		digest := sha256.Sum256([]byte(came))
		say(map[string]any{
			"step": step, "ok": true, "sha256": hex.EncodeToString(digest[:]), "ms": time.Since(started).Milliseconds(),
		})
	}
	os.Exit(status)
}

// A text that every SDK makes in the same way, and that compresses to half its size at most.
func parcel(asked request, step string) string {
	size, special := asked.Sizes[step]
	if !special {
		size = asked.Size
	}
	var made strings.Builder
	made.WriteString(asked.Canary)
	for i := 0; i < size/64+1; i++ {
		digest := sha256.Sum256([]byte(fmt.Sprintf("%s-%d", step, i)))
		made.WriteString(hex.EncodeToString(digest[:]))
	}
	return cut(made.String(), size)
}

func cut(text string, size int) string {
	return text[:min(size, len(text))]
}

func say(line map[string]any) {
	text, err := json.Marshal(line)
	must(err)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
